"""The domain's ports on real technology, and in memory."""
