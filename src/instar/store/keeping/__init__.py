"""Looking after a store: what is wrong, what must go, what may be removed, and copies of it all."""
