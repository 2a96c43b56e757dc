"""Series as wavelet coefficients."""

from __future__ import annotations

from dataclasses import dataclass

from instar.base.errors import BadInput
from instar.data.operators.operator import operator
from instar.data.operators.series.spectrum import By, Kept, Spectra, SpectrumOperator
from instar.data.values.series import Floats
from instar.data.values.spectra import Transform, depth, wavelet_names, wavelets


@operator("dwt", state=Spectra)
@dataclass(frozen=True, init=False)
class Dwt(SpectrumOperator):
    """The discrete wavelet transform of a series: where it changes, and how coarsely, as an array of float32.

    The coefficients stand from coarse to fine: the approximation at the deepest level, then details level by level.
    With an orthogonal wavelet, mode "periodization" and points divisible by 2^level, their squares add up to the
    series' energy (the sum of its squares).

    columns : each holds a series (list or array of numbers).  With ``into``, the columns side by side are one series
    wavelet : a discrete one of PyWavelets: "haar", "db4", "sym8" …;  level : None is the deepest;  mode : at the ends
    keep : at most so many coefficients.  share : as few as hold this share of the energy.  Neither: all
    by : which are kept: those of the greatest mean energy over the training rows (ties: the coarser), or the "first"
    normalise : z-normalise each series first, so that its shape counts and not its height

    All series have the same number of points, learned in the fit; another one is an error, or null with
    ``strict=False``. A series that is missing, or has a missing or infinite point, gives null.
    Source: Mallat (1989), A theory for multiresolution signal decomposition, IEEE PAMI 11; computed by PyWavelets.

    >>> import polars as pl
    >>> from instar.data.preparing.fitting import fit
    >>> days = pl.DataFrame({"rain": [[1.0, 1.0, 5.0, 5.0], [2.0, 2.0, 4.0, 4.0]]})
    >>> preparation = fit([Dwt("rain", keep=2)], [days])
    >>> print(preparation.explain())
    rain: 2 of 4 coefficients of 4 points hold 1 of the energy of 2 series: a2.0, d2.0
    >>> preparation.apply(days).frame["rain"].to_list()
    [[6.0, -4.0], [6.0, -2.0]]
    """

    columns: tuple[str, ...]
    wavelet: str = "haar"
    level: int | None = None
    mode: str = "periodization"
    keep: int | None = None
    share: float | None = None
    by: By = "energy"
    normalise: bool = False
    into: str | None = None
    strict: bool = True

    def __init__(
        self,
        *columns: str,
        wavelet: str = "haar",
        level: int | None = None,
        mode: str = "periodization",
        keep: int | None = None,
        share: float | None = None,
        by: By = "energy",
        normalise: bool = False,
        into: str | None = None,
        strict: bool = True,
    ) -> None:
        _check(wavelet, level, mode)
        kept = {"keep": keep, "share": share, "by": by, "normalise": normalise, "into": into, "strict": strict}
        self._set_spectrum(columns, wavelet=wavelet, level=level, mode=mode, **kept)

    def transform(self) -> Transform:
        return ("dwt", self.wavelet, self.level, self.mode, self.normalise)

    def values(self, series: Floats, kept: Kept) -> Floats:
        found = wavelets(series, self.wavelet, self.level, self.mode, self.normalise)
        return found[:, list(kept.places)]

    def names(self, kept: Kept) -> tuple[str, ...]:
        found = wavelet_names(kept.points, self.wavelet, self.level, self.mode)
        return tuple(found[place] for place in kept.places)

    def check_points(self, points: int) -> None:
        depth(points, self.wavelet, self.level)


def _check(wavelet: str, level: int | None, mode: str) -> None:
    import pywt

    if wavelet not in pywt.wavelist(kind="discrete"):
        known = ", ".join(pywt.families())
        raise BadInput(f"Dwt: no discrete wavelet is called {wavelet!r}; the families are {known} (such as 'db4')")
    if level is not None and (not isinstance(level, int) or level < 1):
        raise BadInput(f"Dwt: level={level}; give at least 1, or None for the deepest")
    if mode not in pywt.Modes.modes:
        raise BadInput(f"Dwt: unknown mode {mode!r}; use one of {', '.join(pywt.Modes.modes)}")
