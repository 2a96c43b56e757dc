"""From 0, the least value seen, to 1, the greatest."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.schema import Schema
from instar.data.operators.arithmetic import scaled
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import finite, number, retyped
from instar.data.summaries import Extremes, Of


class Ends(msgspec.Struct, frozen=True):
    """low, high : in the unit of the column; None when no value was seen"""

    low: float | None
    high: float | None

    @property
    def start(self) -> float:
        return self.low if self.low is not None else 0.0

    @property
    def width(self) -> float:
        """1 for a constant or empty column, so that nothing divides by zero."""
        return (self.high - self.low if self.low is not None and self.high is not None else 0.0) or 1.0


class Ranges(msgspec.Struct, frozen=True):
    columns: dict[str, Ends]


@operator("min_max", state=Ranges)
@dataclass(frozen=True, init=False)
class MinMax(ExpressionOperator[Ranges]):
    """Shift and scale columns of numbers so that those seen lie between 0 and 1.

    A value outside what was seen comes out below 0 or above 1, or at the end with ``clip``. A constant column becomes 0.
    """

    columns: tuple[str, ...]
    clip: bool = False

    def __init__(self, *columns: str, clip: bool = False) -> None:
        self._set(columns, clip=clip)

    def output(self, schema: Schema, state: Ranges | None = None) -> Schema:
        found = [number(schema, name, "MinMax") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("ends", name): Of(Extremes, name) for name in self.columns if ("ends", name) not in known}

    def fit(self, summaries: Known) -> Ranges:
        return Ranges({name: ends_of(summaries["ends", name], "MinMax", name) for name in self.columns})

    def expressions(self, state: Ranges, col: Col = pl.col) -> dict[str, pl.Expr]:
        made = {
            name: scaled(col(name).cast(pl.Float64) - ends.start, ends.width, col(name))
            for name, ends in state.columns.items()
        }
        return {name: value.clip(0.0, 1.0) for name, value in made.items()} if self.clip else made

    def explain(self, state: Ranges) -> str:
        return "\n".join(f"{name}: {range_words(ends)} becomes 0 to 1" for name, ends in state.columns.items())


def ends_of(summary: object, step: str, column: str) -> Ends:
    """The extremes of a column as floats. Raises BadInput when they are too far apart for float64."""
    assert isinstance(summary, Extremes)
    if summary.low is None:
        return Ends(None, None)
    ends = Ends(float(summary.low), float(summary.high))
    finite(ends.width, step, column)
    return ends


def range_words(ends: Ends) -> str:
    if ends.low is None:
        return "an empty column (no value was seen)"
    if ends.low == ends.high:
        return f"a constant column ({ends.low:.6g})"
    return f"{ends.low:.6g} to {ends.high:.6g}"
