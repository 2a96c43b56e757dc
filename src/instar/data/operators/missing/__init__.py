"""Values for what is missing."""
