"""Data: sources, datasets and their chunks, summaries, operators, profiles."""
