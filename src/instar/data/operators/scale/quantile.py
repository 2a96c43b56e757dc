"""Numbers to their place among those seen: a uniform or a normal distribution, whatever they were."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

import msgspec
import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import number, retyped
from instar.data.summaries import Of, QuantileGrid

To = Literal["uniform", "normal"]
MOST = 10_000


class Knots(msgspec.Struct, frozen=True):
    """at, gives : values of the column, ascending, and what each becomes; straight lines between them
    values : how many were seen
    """

    at: tuple[float, ...]
    gives: tuple[float, ...]
    values: int


class AllKnots(msgspec.Struct, frozen=True):
    columns: dict[str, Knots]


@operator("quantile", state=AllKnots)
@dataclass(frozen=True, init=False)
class Quantile(ExpressionOperator[AllKnots]):
    """Each number of a column to its place among those seen, between 0 and 1, or to the normal quantile of that place.

    The place of a value is its middle rank: (values below it + half of those equal to it) / all values. Between ``knots``
    values that were seen it runs in straight lines; beyond the least and the greatest it stays as at these.
    to : "uniform", or "normal": the standard normal quantile of the place, always finite
    knots : the most values remembered

    A place is off by at most 1/1024 + 1/(2 knots); with no more values than 512 a chunk, and no more different ones than
    knots, it is exact. A missing value stays missing; an infinite one is put at the end. A constant column becomes 0.5
    ("normal": 0), and an empty one too.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [1.0, 2.0, 2.0, 1000.0, 1.5]})
    >>> fit([Quantile("x")], [rows]).apply(rows).frame["x"].round(2).to_list()
    [0.1, 0.6, 0.6, 0.9, 0.3]
    """

    columns: tuple[str, ...]
    to: To = "uniform"
    knots: int = 512

    def __init__(self, *columns: str, to: To = "uniform", knots: int = 512) -> None:
        if to not in get_args(To):
            raise BadInput(f'Quantile: to={to!r}; use "uniform" or "normal"')
        if isinstance(knots, bool) or not isinstance(knots, int) or not 2 <= knots <= MOST:
            raise BadInput(f"Quantile: knots={knots} is not between 2 and {MOST}")
        self._set(columns, to=to, knots=knots)

    def output(self, schema: Schema, state: AllKnots | None = None) -> Schema:
        found = [number(schema, name, "Quantile") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("seen", name): Of(QuantileGrid, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> AllKnots:
        return AllKnots({name: self._knots(summaries["seen", name]) for name in self.columns})

    def _knots(self, seen: object) -> Knots:
        assert isinstance(seen, QuantileGrid)
        values = np.unique(seen.values)
        if not values.size:
            return Knots((0.0,), (0.0 if self.to == "normal" else 0.5,), 0)
        sums = seen.at_or_below(values)
        places = (np.concatenate([[0.0], sums[:-1]]) + sums) / (2 * seen.n)
        if values.size > self.knots:
            wanted = np.linspace(places[0], places[-1], self.knots)
            kept = np.unique(np.minimum(np.searchsorted(places, wanted), values.size - 1))
            values, places = values[kept], places[kept]
        normal = NormalDist()
        gives = [normal.inv_cdf(float(place)) if self.to == "normal" else float(place) for place in places]
        return Knots(tuple(values.tolist()), tuple(gives), seen.n)

    def expressions(self, state: AllKnots, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {name: _interpolated(col(name).cast(pl.Float64), knots) for name, knots in state.columns.items()}

    def explain(self, state: AllKnots) -> str:
        return "\n".join(self._words(name, knots) for name, knots in state.columns.items())

    def _words(self, name: str, knots: Knots) -> str:
        if not knots.values:
            return f"{name}: always {knots.gives[0]:g}, since no value was seen"
        ends = f"{knots.at[0]:.6g} becomes {knots.gives[0]:.4g}, {knots.at[-1]:.6g} becomes {knots.gives[-1]:.4g}"
        return f"{name}: its place among {knots.values} values, by {len(knots.at)} knots ({self.to}): {ends}"


def _interpolated(value: pl.Expr, knots: Knots) -> pl.Expr:
    """Straight lines between the knots: value, knot below it, slope from there."""
    if len(knots.at) == 1:
        return pl.when(value.is_not_null()).then(pl.lit(knots.gives[0]))
    at, gives = np.array(knots.at), np.array(knots.gives)
    with np.errstate(over="ignore"):
        slopes = np.diff(gives) / np.diff(at)  # 0 over a gap that is too wide for float64
    inside = value.clip(knots.at[0], knots.at[-1])
    below = (pl.lit(pl.Series(at)).search_sorted(inside, side="right").cast(pl.Int64) - 1).clip(0, at.size - 2)
    start, height, slope = (pl.lit(pl.Series(each)).gather(below) for each in (at, gives, slopes))
    # The greatest knot by its own height: a line to it may round past it.
    line = pl.when(inside == knots.at[-1]).then(pl.lit(knots.gives[-1])).otherwise(height + (inside - start) * slope)
    return pl.when(value.is_not_null()).then(line)
