"""What requests and responses look like on the wire, one module a noun."""
