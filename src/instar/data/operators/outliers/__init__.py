"""How unlike the others a row is."""
