"""95 % confidence intervals of the figures that an evaluation states, each by a method it names."""

from __future__ import annotations

from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # two-sided 95 %
RESAMPLES = 1000


class Interval(msgspec.Struct, frozen=True):
    """A figure and its 95 % confidence interval. method : how the interval was found"""

    value: float
    low: float
    high: float
    method: str

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def wilson(successes: int, n: int) -> Interval:
    """A share, by Wilson's score interval, which holds also near 0 and 1 and for few rows.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    >>> str(wilson(80, 100))
    '0.8000 [0.7112, 0.8666]'
    """
    share = successes / n
    scale = 1 + Z**2 / n
    middle = (share + Z**2 / (2 * n)) / scale
    half = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / scale
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)), "Wilson")


def delong(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> Interval | None:
    """The area under the ROC curve, by DeLong's variance; None when a class is absent.

    scores : (rows,), higher means more likely true;  truth : (rows,)
    A perfect ranking has no variance to estimate; its interval is then Wilson's for the rows of the smaller class.
    Source: DeLong, DeLong & Clarke-Pearson (1988), Comparing the areas under two or more correlated ROC curves,
    Biometrics 44; in O(n log n) by midranks, Sun & Xu (2014), IEEE Signal Processing Letters 21.
    """
    return delong_macro(scores[:, None], truth[:, None])


def delong_macro(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> Interval | None:
    """The mean over classes of the area under the ROC curve of each against the rest; None when one is absent.

    scores, truth : (rows, classes). Each row adds to the variance what it adds to the mean over the classes.
    """
    counts = truth.sum(axis=0)
    smaller = int(np.minimum(counts, len(truth) - counts).min(initial=len(truth)))
    if not smaller:
        return None
    areas, shares = zip(*(_area(scores[:, at], truth[:, at]) for at in range(truth.shape[1])))
    area = float(np.mean(areas))
    half = Z * sqrt(float(np.sum(np.mean(shares, axis=0) ** 2)))
    name = "DeLong" if truth.shape[1] == 1 else "DeLong, one against the rest, mean over classes"
    if half == 0.0 and area in (0.0, 1.0):
        bound = wilson(round(area * smaller), smaller)
        return Interval(
            area, bound.low, bound.high, f"Wilson on the {smaller} rows of the smallest class (no variance)"
        )
    return Interval(area, max(0.0, area - half), min(1.0, area + half), name)


def _area(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, NDArray[np.float64]]:
    """The area, and what each row adds to its error (their squares sum to the variance)."""
    positive, negative = scores[truth], scores[~truth]
    among_all = midranks(np.concatenate([positive, negative]))
    above = (among_all[: positive.size] - midranks(positive)) / negative.size  # negatives below each positive
    below = 1.0 - (among_all[positive.size :] - midranks(negative)) / positive.size
    area = float(above.mean())
    shares = np.empty(len(scores))
    shares[truth] = (above - area) / sqrt(positive.size * max(1, positive.size - 1))
    shares[~truth] = (below - area) / sqrt(negative.size * max(1, negative.size - 1))
    return area, shares


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, equal values sharing the mean of theirs.

    >>> midranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: NDArray[np.float64] = ends - (counts - 1) / 2
    return middle[place]


def bootstrap_f1(confusion: NDArray[np.int64], positive: int | None, seed: int) -> Interval:
    """F1 of class ``positive``, or the mean over classes when that is None, by a seeded percentile bootstrap.

    confusion : (classes, classes), rows are the truth. F1 depends on the rows through their counts only, so resampling
    the rows is drawing the counts anew.
    """
    n = int(confusion.sum())
    drawn = np.random.default_rng(seed).multinomial(n, (confusion / n).ravel(), size=RESAMPLES)
    values = f1(drawn.reshape(-1, *confusion.shape), positive)
    name = f"percentile bootstrap, {RESAMPLES} resamples, seed {seed}"
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(f1(confusion[None], positive)[0]), float(low), float(high), name)


def f1(confusion: NDArray[np.int64], positive: int | None) -> NDArray[np.float64]:
    """F1 of each confusion matrix, shape (matrices, classes, classes); 0 where a class is neither true nor predicted."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    named = confusion.sum(axis=1) + confusion.sum(axis=2)
    each = np.divide(2.0 * hits, named, out=np.zeros(hits.shape), where=named > 0)
    found: NDArray[np.float64] = each.mean(axis=1) if positive is None else each[:, positive]
    return found


def bootstrap_errors(
    truth: NDArray[np.float64], predicted: NDArray[np.float64], seed: int
) -> tuple[Interval, Interval, Interval | None]:
    """Mean absolute error, root mean squared error and R², by one seeded percentile bootstrap over the rows.

    The first two are in the unit of the target. R² is None when all true values are equal or there is one row only.
    """
    error = predicted - truth
    centred = truth - truth.mean()  # so that sums of squares do not cancel
    parts = np.column_stack([np.abs(error), error**2, centred, centred**2])
    generator = np.random.default_rng(seed)
    n = len(truth)
    sums = np.empty((RESAMPLES, 4))
    for at in range(RESAMPLES):  # one at a time: a matrix of all draws would take n kB a row
        sums[at] = np.bincount(generator.integers(n, size=n), minlength=n) @ parts
    name = f"percentile bootstrap, {RESAMPLES} resamples, seed {seed}"
    seen, drawn = _errors(parts.sum(axis=0)[None], n), _errors(sums, n)

    def interval(at: int) -> Interval:
        low, high = np.nanquantile(drawn[at], [0.025, 0.975])
        return Interval(float(seen[at][0]), float(low), float(high), name)

    return interval(0), interval(1), interval(2) if np.isfinite(seen[2][0]) else None


def _errors(sums: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    absolute, squared, total, spread = sums.T
    variation = spread - total**2 / n
    explained = 1.0 - np.divide(squared, variation, out=np.full(len(sums), np.nan), where=variation > 0)
    return absolute / n, np.sqrt(squared / n), explained
