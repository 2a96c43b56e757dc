"""The least and the greatest value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from instar.data.summaries.summary import Measured, column_of, same, summary
from instar.data.summaries.values import Value, common_type, kept_type, of_plain, to_plain


@summary("extremes")
@dataclass(frozen=True)
class Extremes(Measured):
    """The least and the greatest value of a column of any ordered type; missing and infinite values are left out.

    low, high : None when no value was seen;  kind : the type of the column, in words

    >>> Extremes.of(pl.DataFrame({"Year": [1999, None, 1954]}), "Year")
    Extremes(low=1954, high=1999, kind='int64')
    """

    guarantee = "exact"
    low: Value = None
    high: Value = None
    kind: str = "null"

    @classmethod
    def measures(cls, column: pl.Expr) -> tuple[pl.Expr, ...]:
        return column.min(), column.max()

    @classmethod
    def of_measures(cls, dtype: pl.DataType, rows: int, measured: Sequence[Any]) -> Self | None:
        """Of floats alone: as floats, large whole numbers would be rounded."""
        low, high = measured
        if dtype != pl.Float64 or low is None or not (math.isfinite(low) and math.isfinite(high)):
            return None
        return cls(_one_zero(low), _one_zero(high), "float64")

    @classmethod
    def of_values(cls, frame: pl.DataFrame, name: str) -> Self:
        series = column_of(frame, name, "extremes").drop_nulls()
        if series.dtype.is_float():
            series = series.filter(series.is_finite())
        kind = kept_type(series, "extremes")
        return cls(_one_zero(series.min()), _one_zero(series.max()), kind) if len(series) else cls(kind=kind)

    def __or__(self, other: Self) -> Self:
        if self.kind != other.kind and "null" not in (self.kind, other.kind):
            same(self.kind, other.kind, "extremes")
        kind = common_type(self.kind, other.kind)
        if self.low is None or other.low is None:
            seen = other if self.low is None else self
            return type(self)(seen.low, seen.high, kind)
        return type(self)(min(self.low, other.low), max(self.high, other.high), kind)

    def _plain(self) -> Any:
        return [self.kind, *to_plain([self.low, self.high], self.kind)]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        kind, *ends = plain
        low, high = of_plain(ends, kind)
        return cls(low, high, kind)


def _one_zero(value: Value) -> Value:
    """Of two equal values either may be the extreme: -0.0 is written 0.0, so that the order does not show."""
    return value + 0.0 if isinstance(value, float) else value
