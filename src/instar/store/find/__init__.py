"""Questions: the ``find`` language, read and written, and named rules."""
