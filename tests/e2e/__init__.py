"""The product over HTTP and the command line, one file an endpoint."""
