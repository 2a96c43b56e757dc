"""What is in a dataset version, and what is suspicious about it."""
