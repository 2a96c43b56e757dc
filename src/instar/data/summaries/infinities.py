"""Values that are no finite number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from instar.data.summaries.summary import Summary, column_of, summary


@summary("infinities")
@dataclass(frozen=True)
class Infinities(Summary):
    """How many values of a column of numbers are infinite. Moments, extremes and quantiles leave these out.

    >>> Infinities.of(pl.DataFrame({"x": [1.0, float("inf"), None]}), "x") | Infinities(2)
    Infinities(n=3)
    """

    guarantee = "exact"
    n: int = 0

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        [name] = columns
        series = column_of(frame, name, "infinities")
        return cls(int(series.is_infinite().sum())) if series.dtype.is_float() else cls()

    def __or__(self, other: Self) -> Self:
        return type(self)(self.n + other.n)

    def _plain(self) -> Any:
        return [self.n]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        return cls(*plain)
