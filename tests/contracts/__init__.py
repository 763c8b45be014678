"""What every adapter of a port promises: abstract cases that the integration tests run."""
