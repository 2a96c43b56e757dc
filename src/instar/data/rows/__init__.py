"""Rows in memory: frames of any library, batches, blocks, and what may be done to one row."""
