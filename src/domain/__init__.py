"""What the product means, in plain Python: no I/O, no framework, no clock, no settings."""
