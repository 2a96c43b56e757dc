"""Types, dates and units."""
