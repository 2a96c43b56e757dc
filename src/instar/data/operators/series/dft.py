"""Series as frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from instar.base.errors import BadInput
from instar.data.operators.operator import operator
from instar.data.operators.series.spectrum import By, Kept, Spectra, SpectrumOperator
from instar.data.values.series import Floats
from instar.data.values.spectra import Transform, frequencies

Give = Literal["amplitude", "phase", "both", "parts"]
_SUFFIXES: dict[Give, tuple[str, ...]] = {
    "amplitude": ("",),
    "phase": (".phase",),
    "both": ("", ".phase"),
    "parts": (".re", ".im"),
}


@operator("dft", state=Spectra)
@dataclass(frozen=True, init=False)
class Dft(SpectrumOperator):
    """The discrete Fourier transform of a series: how strongly it swings at each frequency, as an array of float32.

    A series of n points is ``x[t] = sum of A[f] cos(2 pi f t / n + p[f])`` over the frequencies f = 0 … n // 2, in swings
    over the whole series. A is the amplitude, in the unit of the series (A[0] its mean, with its sign in the phase),
    and p the phase, in radians.

    columns : each holds a series (list or array of numbers).  With ``into``, the columns side by side are one series
    give : "amplitude", "phase", "both" (each amplitude, then its phase), or "parts" (A cos p, A sin p)
    keep : at most so many frequencies.  share : as few as hold this share of the energy.  Neither: all
    by : which are kept: those of the greatest mean energy over the training rows (ties: the slower), or the "first"
    normalise : z-normalise each series first, so that its shape counts and not its height

    All series have the same number of points, learned in the fit; another one is an error, or null with
    ``strict=False``. A series that is missing, or has a missing or infinite point, gives null.
    Source: Cooley & Tukey (1965), Math. of Computation 19; computed by scipy.fft.

    >>> import polars as pl
    >>> from instar.data.preparing.fitting import fit
    >>> days = pl.DataFrame({"rain": [[4.0, 3.0, 2.0, 3.0], [5.0, 3.0, 1.0, 3.0]]})
    >>> preparation = fit([Dft("rain", keep=2)], [days])
    >>> print(preparation.explain())
    rain: 2 of 3 coefficients of 4 points hold 1 of the energy of 2 series: f0, f1
    >>> preparation.apply(days).frame["rain"].to_list()
    [[3.0, 1.0], [3.0, 2.0]]
    """

    columns: tuple[str, ...]
    give: Give = "amplitude"
    keep: int | None = None
    share: float | None = None
    by: By = "energy"
    normalise: bool = False
    into: str | None = None
    strict: bool = True

    def __init__(
        self,
        *columns: str,
        give: Give = "amplitude",
        keep: int | None = None,
        share: float | None = None,
        by: By = "energy",
        normalise: bool = False,
        into: str | None = None,
        strict: bool = True,
    ) -> None:
        if give not in get_args(Give):
            raise BadInput(f"Dft: unknown give={give!r}; use one of {', '.join(get_args(Give))}")
        kept = {"keep": keep, "share": share, "by": by, "normalise": normalise, "into": into, "strict": strict}
        self._set_spectrum(columns, give=give, **kept)

    def transform(self) -> Transform:
        return ("dft", self.normalise)

    def values(self, series: Floats, kept: Kept) -> Floats:
        found = frequencies(series, self.normalise)[:, list(kept.places)]
        if self.give == "parts":
            parts = [found.real, found.imag]
        else:
            # hypot and arctan2, not abs and angle: the same to the last bit on one row and on many
            amplitude, phase = np.hypot(found.real, found.imag), np.arctan2(found.imag, found.real)
            parts = {"amplitude": [amplitude], "phase": [phase], "both": [amplitude, phase]}[self.give]
        return np.stack(parts, axis=2).reshape(series.shape[0], len(parts) * len(kept.places))

    def names(self, kept: Kept) -> tuple[str, ...]:
        return tuple(f"f{place}{suffix}" for place in kept.places for suffix in _SUFFIXES[self.give])

    def check_points(self, points: int) -> None:
        """Every series has one."""
