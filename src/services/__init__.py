"""What the product does: one service a noun, written against the domain's ports alone."""
