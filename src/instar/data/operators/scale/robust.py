"""The median to 0 and the spread of the middle to 1: what a few far values do not move."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.scale.standardize import TINY
from instar.data.operators.types import finite, number, retyped
from instar.data.summaries import Of, QuantileGrid


class Middle(msgspec.Struct, frozen=True):
    """center, spread : in the unit of the column;  values : how many were seen"""

    center: float
    spread: float
    values: int


class Middles(msgspec.Struct, frozen=True):
    columns: dict[str, Middle]


@operator("robust", state=Middles)
@dataclass(frozen=True, init=False)
class Robust(ExpressionOperator[Middles]):
    """Shift and scale columns of numbers by median and interquartile range: (x - median) / (Q(high) - Q(low)).

    low, high : the shares between which the spread is taken, by default the quartiles

    Each quantile is off by at most 0.1 % of all rows in rank (512 values a chunk are kept); with chunks of at most 512
    rows it is exact. A missing value stays missing, and an infinite one infinite. Where the two quantiles are equal
    (a constant column, or one value that is most of it) the spread is 1; an empty column is left as it is.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 1000.0]})
    >>> fit([Robust("x")], [rows]).apply(rows).frame["x"].to_list()
    [-1.0, -0.5, 0.0, 0.5, 498.5]
    """

    columns: tuple[str, ...]
    low: float = 0.25
    high: float = 0.75

    def __init__(self, *columns: str, low: float = 0.25, high: float = 0.75) -> None:
        if not (isinstance(low, int | float) and isinstance(high, int | float) and 0 <= low < high <= 1):
            raise BadInput(f"Robust: low={low}, high={high} are not two shares with 0 <= low < high <= 1")
        self._set(columns, low=float(low), high=float(high))

    def output(self, schema: Schema, state: Middles | None = None) -> Schema:
        found = [number(schema, name, "Robust") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("seen", name): Of(QuantileGrid, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Middles:
        return Middles({name: self._middle(name, summaries["seen", name]) for name in self.columns})

    def _middle(self, name: str, seen: object) -> Middle:
        assert isinstance(seen, QuantileGrid)
        low, center, high = (seen.quantile(share) for share in (self.low, 0.5, self.high))
        if low is None or center is None or high is None:
            return Middle(0.0, 1.0, 0)
        spread = finite(high - low, "Robust", name)
        return Middle(center, spread if spread > TINY else 1.0, seen.n)

    def expressions(self, state: Middles, col: Col = pl.col) -> dict[str, pl.Expr]:
        """By multiplication, as Standardize does."""
        return {
            name: (col(name).cast(pl.Float64) - middle.center) * (1.0 / middle.spread)
            for name, middle in state.columns.items()
        }

    def explain(self, state: Middles) -> str:
        return "\n".join(self._words(name, middle) for name, middle in state.columns.items())

    def _words(self, name: str, middle: Middle) -> str:
        if not middle.values:
            return f"{name}: no value was seen, so it is left as it is"
        spread = f"the spread from {self.low:g} to {self.high:g}, {middle.spread:.6g}"
        return f"{name}: minus the median {middle.center:.6g}, divided by {spread} ({middle.values} values seen)"
