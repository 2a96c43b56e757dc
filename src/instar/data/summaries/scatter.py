"""Means and the scatter matrix of several columns: what covariance, correlation and principal components need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.data.summaries.summary import Summary, column_of, same, summary

Floats = NDArray[np.float64]


@summary("scatter")
@dataclass(frozen=True, eq=False)
class Scatter(Summary):
    """Count, means and sums of products of deviations, over the rows whose values are all finite.

    width : values a row; a column of arrays counts as many.  left_out : rows with a missing or infinite value
    mean : shape (width,);  products : shape (width, width), in the product of the columns' units
    Source: Chan, Golub & LeVeque (1983), as Moments, with outer products.

    >>> one, two = pl.DataFrame({"x": [1.0, 2.0], "y": [2.0, 4.0]}), pl.DataFrame({"x": [3.0], "y": [6.0]})
    >>> (Scatter.of(one, "x", "y") | Scatter.of(two, "x", "y")).correlation().tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """

    guarantee = "counts exact; means and products within 1e-12, relative to the greatest value, in any order"
    n: int = 0
    left_out: int = 0
    mean: Floats = field(default_factory=lambda: np.empty(0))
    products: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        values = matrix_of(frame, columns, "scatter")
        seen = values[np.isfinite(values).all(axis=1)]
        left_out, width = values.shape[0] - seen.shape[0], values.shape[1]
        if not seen.size:
            return cls(seen.shape[0], left_out, np.zeros(width), np.zeros((width, width)))
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused where it is used
            mean = seen.mean(axis=0)
            apart = seen - mean
            return cls(seen.shape[0], left_out, mean, apart.T @ apart)

    @property
    def width(self) -> int:
        return int(self.mean.size)

    def covariance(self) -> Floats:
        """Of the values as a whole population, shape (width, width)."""
        return self.products / max(self.n, 1)

    def correlation(self) -> Floats:
        """Pearson's, shape (width, width), from -1 to 1; NaN beside a constant column."""
        spread = np.diag(self.products)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = np.clip(self.products / np.sqrt(np.outer(spread, spread)), -1.0, 1.0)
        return found

    def __or__(self, other: Self) -> Self:
        same(self.width, other.width, "scatter")
        left_out = self.left_out + other.left_out
        if not other.n or not self.n:
            one = self if self.n else other
            return type(self)(one.n, left_out, one.mean, one.products)
        n = self.n + other.n
        gap = other.mean - self.mean
        products = self.products + other.products + np.outer(gap, gap) * (self.n * (other.n / n))
        return type(self)(n, left_out, self.mean + gap * (other.n / n), products)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scatter) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def _plain(self) -> Any:
        return [self.n, self.left_out, self.mean.astype("<f8").tobytes(), self.products.astype("<f8").tobytes()]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        n, left_out, mean, products = plain
        means = np.frombuffer(mean, dtype="<f8").astype(np.float64)
        return cls(n, left_out, means, np.frombuffer(products, dtype="<f8").reshape(means.size, means.size).copy())


def matrix_of(frame: pl.DataFrame, columns: tuple[str, ...], step: str) -> Floats:
    """Columns of numbers, or of arrays of numbers, side by side: shape (rows, values a row); missing ones are NaN."""
    parts: list[Floats] = []
    for name in columns:
        series = column_of(frame, name, step)
        if isinstance(series.dtype, pl.Array):
            width = series.dtype.size
            filled = np.full((len(series), width), np.nan)
            if width:
                there = series.is_not_null().to_numpy()
                filled[there] = series.drop_nulls().explode().cast(pl.Float64).to_numpy().reshape(-1, width)
            parts.append(filled)
        else:
            parts.append(series.cast(pl.Float64).to_numpy().reshape(-1, 1))
    return np.hstack(parts)
