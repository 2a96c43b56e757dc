"""Categories to numbers."""
