"""The test suite: unit, contracts, integration, e2e."""
