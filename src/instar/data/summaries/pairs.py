"""How several columns of numbers go together, two at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.data.summaries.scatter import matrix_of
from instar.data.summaries.summary import Summary, same, summary

Floats = NDArray[np.float64]


def _none() -> Floats:
    return np.empty((0, 0))


@summary("pairs")
@dataclass(frozen=True, eq=False)
class Pairs(Summary):
    """Of each two columns, over the rows that have both: how many, their means, spreads and products of deviations.

    A missing value takes a row out of its own pairs only (Scatter leaves out the whole row). All of shape (k, k):
    n : rows that have both;  mean, spread : of the column of the row of the matrix, where that of the column is known
    too, the mean and the sum of squared deviations;  products : sums of products of deviations
    Source: Chan, Golub & LeVeque (1983), as Moments, pair by pair.

    >>> one, two = pl.DataFrame({"x": [1.0, 2.0], "y": [2.0, None]}), pl.DataFrame({"x": [3.0], "y": [6.0]})
    >>> found = Pairs.of(one, "x", "y") | Pairs.of(two, "x", "y")
    >>> found.n.tolist(), round(float(found.correlation()[0, 1]), 9)
    ([[3.0, 2.0], [2.0, 2.0]], 1.0)
    """

    guarantee = "counts exact; means, spreads and products within 1e-12, relative to the greatest value, in any order"
    width: int = 0
    n: Floats = field(default_factory=_none)
    mean: Floats = field(default_factory=_none)
    spread: Floats = field(default_factory=_none)
    products: Floats = field(default_factory=_none)

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        values = matrix_of(frame, columns, "pairs")
        known = np.isfinite(values)
        there = known.astype(np.float64)
        n = there.T @ there
        some = np.maximum(n, 1.0)
        counts = np.maximum(there.sum(axis=0), 1.0)
        centre = np.where(known, values, 0.0).sum(axis=0) / counts
        # Deviations from the part's own means first: sums of products as such lose their digits far from zero.
        apart = np.where(known, values - centre, 0.0)
        shift = (apart.T @ there) / some
        spread = np.maximum((apart**2).T @ there - shift**2 * n, 0.0)
        products = apart.T @ apart - shift * shift.T * n
        mean = np.where(n > 0, centre[:, None] + shift, 0.0)
        return cls(values.shape[1], n, mean, np.where(n > 0, spread, 0.0), np.where(n > 0, products, 0.0))

    def correlation(self) -> Floats:
        """Pearson's of each pair, shape (k, k), from -1 to 1; NaN where either is constant or they never meet."""
        bottom = np.sqrt(self.spread * self.spread.T)
        # What is left of a constant column by rounding is no spread.
        small = 1e-24 * self.n * np.maximum(self.mean**2, 1e-300)
        flat = (self.spread <= small) | (self.spread.T <= small.T)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = np.where(flat, np.nan, np.clip(self.products / bottom, -1.0, 1.0))
        return found

    def __or__(self, other: Self) -> Self:
        same(self.width, other.width, "pairs")
        n = self.n + other.n
        share = other.n / np.maximum(n, 1.0)
        gap = other.mean - self.mean
        mean = np.where(self.n > 0, np.where(other.n > 0, self.mean + gap * share, self.mean), other.mean)
        between = np.where((self.n > 0) & (other.n > 0), self.n * share, 0.0)
        spread = self.spread + other.spread + gap**2 * between
        return type(self)(self.width, n, mean, spread, self.products + other.products + gap * gap.T * between)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pairs) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def _plain(self) -> Any:
        parts = (self.n, self.mean, self.spread, self.products)
        return [self.width, *((part + 0.0).astype("<f8").tobytes() for part in parts)]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        width, *parts = plain
        read = (np.frombuffer(part, dtype="<f8").astype(np.float64).reshape(width, width) for part in parts)
        return cls(width, *read)
