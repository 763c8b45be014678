"""Each adapter against its contract, on the real thing."""
