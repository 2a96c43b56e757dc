"""A series of points in a row to letters, wavelet coefficients or frequencies."""
