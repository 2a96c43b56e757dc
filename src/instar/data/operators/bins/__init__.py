"""Numbers to codes: bins, cells, thresholds."""
