"""Every port in plain Python: for tests, and as the oracle the other adapters are compared with."""
