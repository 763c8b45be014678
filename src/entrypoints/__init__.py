"""The ways in: HTTP, the command line, the worker; `bootstrap` joins services to adapters."""
