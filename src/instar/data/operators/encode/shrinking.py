"""Means of groups, drawn towards the mean of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instar.data.rows.folds import FOLDS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Of each group.  n : rows, shape (groups,);  total, m2 : sum and squared deviation, shape (groups, values)"""

    n: Floats
    total: Floats
    m2: Floats


@dataclass(frozen=True)
class Groups:
    """The same for each fold, shapes (FOLDS, groups) and (FOLDS, groups, values)."""

    n: Floats
    total: Floats
    m2: Floats

    @classmethod
    def empty(cls, groups: int, values: int) -> Groups:
        shape = (FOLDS, groups, values)
        return cls(np.zeros(shape[:2]), np.zeros(shape), np.zeros(shape))

    def without(self, left_out: int | None) -> Moments:
        """All folds but one, added up in their order.

        Never by subtraction from the sum of all: that would leave a trace of the fold in the last bits.
        """
        n, total, m2 = np.zeros(self.n.shape[1:]), np.zeros(self.total.shape[1:]), np.zeros(self.m2.shape[1:])
        for fold in range(FOLDS):
            if fold == left_out:
                continue
            both = n + self.n[fold]
            gap = _over(self.total[fold], self.n[fold][:, None]) - _over(total, n[:, None])
            m2 = m2 + self.m2[fold] + gap * gap * _over(n * self.n[fold], both)[:, None]
            n, total = both, total + self.total[fold]
        return Moments(n, total, m2)


def shrunk(seen: Moments, smoothing: float | None) -> tuple[Floats, Floats]:
    """The value of each group, and last that of an unknown one, shape (groups + 1, values); the smoothing of each value.

    smoothing : in rows; None: estimated. Without any row all values are NaN.

    >>> seen = Moments(np.array([2.0, 1.0]), np.array([[10.0], [2.0]]), np.array([[2.0], [0.0]]))
    >>> shrunk(seen, 1.0)[0].tolist()
    [[4.666666666666667], [3.0], [4.0]]
    """
    rows, width = seen.n.sum(), seen.total.shape[1]
    if not rows:
        return np.full((seen.n.size + 1, width), np.nan), np.zeros(width)
    mean = seen.total.sum(axis=0) / rows
    m = estimated(seen, mean) if smoothing is None else np.full(width, smoothing)
    n = seen.n[:, None]
    with np.errstate(invalid="ignore"):
        mixed = (seen.total + m * mean) / (n + m)
    values = np.where(np.isinf(m) | (n == 0), mean, mixed)
    return np.vstack([values, mean]), m


def estimated(seen: Moments, mean: Floats) -> Floats:
    """The variance within groups by that of the groups' true means, shape (values,): 0 to infinity.

    By the analysis of variance of one random effect with unequal groups: ``between = (MSB - MSW) / n0``, with
    ``n0 = (N - sum n_i^2 / N) / (groups - 1)``. Groups of one row each leave nothing to tell the two apart: infinity.
    """
    there = seen.n > 0
    n, total, m2 = seen.n[there], seen.total[there], seen.m2[there]
    rows, groups = n.sum(), n.size
    if groups < 2 or rows <= groups:
        return np.full(mean.shape, np.inf)
    within = m2.sum(axis=0) / (rows - groups)
    gaps = total / n[:, None] - mean
    size = (rows - (n * n).sum() / rows) / (groups - 1)
    between = ((n[:, None] * gaps * gaps).sum(axis=0) / (groups - 1) - within) / size
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, within / between, np.inf)


def _over(values: Floats, by: Floats) -> Floats:
    return values / np.where(by == 0, 1.0, by)
