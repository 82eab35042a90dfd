"""A small wiki, made on the spot, and small models trained on it."""
