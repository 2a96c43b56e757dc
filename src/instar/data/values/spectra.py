"""Series as sums of waves: the discrete wavelet transform and the discrete Fourier transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.data.values.series import z_normalised

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
# ("dwt", wavelet, level or None, mode, normalise) | ("dft", normalise): plain, since it is part of a memo's key
Transform = tuple[str | int | bool | None, ...]
_LANES = 8  # the most rows that the Fourier transform takes at once: a row alone must go the same way


def energies(values: Floats, transform: Transform) -> Floats:
    """The energy of each coefficient, shape (rows, coefficients), in the series' unit squared."""
    match transform:
        case ("dwt", str() as wavelet, int() | None as level, str() as mode, bool() as normalise):
            found = wavelets(values, wavelet, level, mode, normalise)
            return found * found
        case ("dft", bool() as normalise):
            amplitudes: Floats = np.abs(frequencies(values, normalise))
            squares: Floats = amplitudes * amplitudes * (values.shape[1] / _doubled(values.shape[1]))
            return squares
    raise BadInput(f"unknown transform {transform!r}; known: dwt, dft")


def wavelets(values: Floats, wavelet: str, level: int | None, mode: str, normalise: bool) -> Floats:
    """The coefficients from coarse to fine, shape (rows, coefficients); ``level`` None: the deepest. Raises BadInput."""
    import pywt

    parts = pywt.wavedec(
        z_normalised(values) if normalise else values,
        wavelet,
        mode=mode,
        level=depth(values.shape[1], wavelet, level),
        axis=1,
    )
    found: Floats = np.hstack(parts)
    return found


def depth(points: int, wavelet: str, level: int | None) -> int:
    """The level for a series of ``points`` points: the one asked for, else the deepest there is. Raises BadInput."""
    import pywt

    deepest = int(pywt.dwt_max_level(points, pywt.Wavelet(wavelet).dec_len))
    if level is not None and level > deepest:
        raise BadInput(
            f"Dwt: a series of {points} points has {deepest} levels of {wavelet!r} at most, not {level}; "
            "take a lower level, or level=None for the deepest"
        )
    return deepest if level is None else level


def wavelet_names(points: int, wavelet: str, level: int | None, mode: str) -> tuple[str, ...]:
    """``a3.0`` is the first approximation at level 3, ``d1.5`` the sixth detail at level 1 (the finest).

    >>> wavelet_names(8, "haar", 2, "periodization")
    ('a2.0', 'a2.1', 'd2.0', 'd2.1', 'd1.0', 'd1.1', 'd1.2', 'd1.3')
    """
    import pywt

    deepest = depth(points, wavelet, level)
    parts = pywt.wavedec(np.zeros(points), wavelet, mode=mode, level=deepest)
    kinds = [f"a{deepest}", *(f"d{each}" for each in range(deepest, 0, -1))]
    return tuple(f"{kind}.{place}" for kind, part in zip(kinds, parts) for place in range(len(part)))


def frequencies(values: Floats, normalise: bool = False) -> Complex:
    """Complex amplitudes, shape (rows, points // 2 + 1): ``x[t] = sum over f of |c[f]| cos(2 pi f t / n + angle(c[f]))``.

    >>> day = np.arange(8)
    >>> np.abs(frequencies((3 + 2 * np.cos(2 * np.pi * day / 8))[None, :])).round(6).tolist()
    [[3.0, 2.0, 0.0, 0.0, 0.0]]
    """
    from scipy.fft import rfft

    rows, points = values.shape
    padded = np.pad(z_normalised(values) if normalise else values, ((0, -rows % _LANES), (0, 0)))
    if not rows:
        return np.empty((0, points // 2 + 1), dtype=np.complex128)
    found: Complex = rfft(padded, axis=1)[:rows] * (_doubled(points) / points)
    return found


def _doubled(points: int) -> Floats:
    """2 for the frequencies that stand for two, f and n - f; else 1."""
    twice = np.full(points // 2 + 1, 2.0)
    twice[0] = 1.0
    if points % 2 == 0:
        twice[-1] = 1.0
    return twice
