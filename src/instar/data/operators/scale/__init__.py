"""Numbers to other numbers: scales and shapes of distributions."""
