"""Rules and calculations, without I/O."""
