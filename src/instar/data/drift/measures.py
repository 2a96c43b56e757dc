"""How far one distribution lies from another: three measures, on counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from instar.data.summaries import QuantileGrid

Shares = NDArray[np.float64]


def population_stability(before: Sequence[float], after: Sequence[float]) -> float:
    """PSI of two rows of counts in the same bins: sum of (q - p) ln(q / p), from 0; p, q the shares before and after.

    An empty bin counts as half a row, since ln 0 is no number: PSI is then as large as the rows can tell.
    Source: Siddiqi (2006), Credit Risk Scorecards. It is Jeffreys' divergence.

    >>> round(population_stability([50, 50], [60, 40]), 4)
    0.0405
    """
    p, q = _shares(before, least=0.5), _shares(after, least=0.5)
    return float(((q - p) * np.log(q / p)).sum()) if p.size and q.size else 0.0


def stability_by_chance(before: Sequence[float], after: Sequence[float]) -> float:
    """The PSI that two samples of one distribution exceed once in 200 times, about: few rows in many bins differ by chance.

    With n and m rows in B bins PSI is near (1/n + 1/m) times chi-squared with B - 1 degrees of freedom, whose mean is
    B - 1 and whose deviation is the square root of 2 (B - 1); this is the mean and 3 deviations.
    Source: Yurdakul (2018), Statistical properties of population stability index, thesis, Western Michigan University.

    >>> round(stability_by_chance([100] * 10, [10] * 10), 3)
    0.239
    """
    n, m, free = sum(before), sum(after), len(before) - 1
    return (1 / n + 1 / m) * (free + 3 * (2 * free) ** 0.5) if n and m and free > 0 else 0.0


def jensen_shannon(before: Sequence[float], after: Sequence[float]) -> float:
    """The Jensen-Shannon distance of two rows of counts in the same bins, from 0 (equal) to 1 (nothing in common).

    The square root of the mean of KL(p, m) and KL(q, m) in bits, m the mean of p and q.
    Source: Endres & Schindelin (2003), A new metric for probability distributions, IEEE Trans. Inf. Theory 49(7).

    >>> jensen_shannon([1, 0], [0, 1]), jensen_shannon([1, 1], [2, 2])
    (1.0, 0.0)
    """
    p, q = _shares(before), _shares(after)
    if not p.size or not q.size:
        return 0.0
    middle = (p + q) / 2
    return float(np.sqrt(max((_bits(p, middle) + _bits(q, middle)) / 2, 0.0)))


def kolmogorov_smirnov(before: QuantileGrid, after: QuantileGrid) -> float:
    """The greatest difference between the shares of values at or below any value, from 0 to 1.

    Exact where no chunk has more values than a grid keeps (m = 512), else off by at most 1/m: 1/(2m) on each side.
    Source: Smirnov (1939), as in scipy.stats.ks_2samp.
    """
    if not before.n or not after.n:
        return 0.0
    at = np.unique(np.concatenate([before.values, after.values]))
    return float(np.abs(before.at_or_below(at) / before.n - after.at_or_below(at) / after.n).max())


def _shares(counts: Sequence[float], least: float = 0.0) -> Shares:
    """The shares of counts; none when nothing was counted."""
    found = np.maximum(np.array(counts, dtype=np.float64), least)
    return found / found.sum() if sum(counts) > 0 else np.empty(0)


def _bits(p: Shares, of: Shares) -> float:
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / of[seen])).sum())
