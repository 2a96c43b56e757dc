"""Mean and variance that merge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from instar.data.summaries.summary import Measured, numbers_of, summary


@summary("moments")
@dataclass(frozen=True)
class Moments(Measured):
    """Count, mean and squared deviation of the finite numbers of one column.

    n : values seen;  mean : in the unit of the column;  m2 : sum of squared deviations, in that unit squared
    Source: Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance, Am. Statistician 37(3).

    >>> one, two = pl.DataFrame({"x": [1.0, 2.0]}), pl.DataFrame({"x": [3.0, None]})
    >>> Moments.of(one, "x") | Moments.of(two, "x")
    Moments(n=3, mean=2.0, m2=2.0)
    """

    guarantee = "count exact; mean and deviation within 1e-12, relative to the greatest value, in any order"
    n: int = 0
    mean: float = 0.0
    m2: float = 0.0

    @classmethod
    def measures(cls, column: pl.Expr) -> tuple[pl.Expr, ...]:
        return column.null_count(), column.mean(), column.var(ddof=0)

    @classmethod
    def of_measures(cls, dtype: pl.DataType, rows: int, measured: Sequence[Any]) -> Self | None:
        nulls, mean, variance = measured
        if nulls == rows:
            return cls()
        whole = math.isfinite(mean) and math.isfinite(variance)
        return cls(rows - nulls, mean, variance * (rows - nulls)) if whole else None

    @classmethod
    def of_values(cls, frame: pl.DataFrame, name: str) -> Self:
        values = numbers_of(frame, name, "moments")
        if not values.size:
            return cls()
        mean = float(values.mean())
        return cls(values.size, mean, float(((values - mean) ** 2).sum()))

    @property
    def variance(self) -> float:
        """Of the values as a whole population; 0 when there is none."""
        return self.m2 / self.n if self.n else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation, in the unit of the column."""
        return math.sqrt(self.variance)

    def __or__(self, other: Self) -> Self:
        if not other.n or not self.n:
            return self if self.n else other
        n = self.n + other.n
        gap = other.mean - self.mean
        share = other.n / n
        return type(self)(n, self.mean + gap * share, self.m2 + other.m2 + gap * gap * self.n * share)

    def _plain(self) -> Any:
        return [self.n, self.mean, self.m2]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        return cls(*plain)
