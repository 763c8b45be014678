"""Benchmarks of the whole product over HTTP: `make bench`, `EVENTS=10000000 make bench`."""
