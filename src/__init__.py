"""Hedgerow: self-hosted product analytics for people and trends."""

__version__ = "0.1.0"
