"""Mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import finite, number, retyped
from instar.data.summaries import Extremes, Moments, Of

TINY = 1e-300  # below this the reciprocal of a spread is no float


class Scale(msgspec.Struct, frozen=True):
    """mean, spread : in the unit of the column;  values : how many were seen"""

    mean: float
    spread: float
    values: int


class Scales(msgspec.Struct, frozen=True):
    columns: dict[str, Scale]


@operator("standardize", state=Scales)
@dataclass(frozen=True, init=False)
class Standardize(ExpressionOperator[Scales]):
    """Shift and scale columns of numbers to mean 0 and standard deviation 1 (of the values as a whole population).

    A missing value stays missing. A constant column becomes 0, and an empty one is left as it is.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Year": [1990, 2000]})
    >>> fit([Standardize("Year")], [films]).apply(films).frame["Year"].to_list()
    [-1.0, 1.0]
    """

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        self._set(columns)

    def output(self, schema: Schema, state: Scales | None = None) -> Schema:
        found = [number(schema, name, "Standardize") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass. Whether a column is constant is read off its extremes, since moments round."""
        wanted: dict[Hashable, Of] = {("seen", name): Of(Moments, name) for name in self.columns}
        wanted |= {("ends", name): Of(Extremes, name) for name in self.columns}
        return {key: of for key, of in wanted.items() if key not in known}

    def fit(self, summaries: Known) -> Scales:
        """A constant or empty column gets the spread 1, so that nothing divides by zero."""
        return Scales({name: _scale(name, summaries) for name in self.columns})

    def expressions(self, state: Scales, col: Col = pl.col) -> dict[str, pl.Expr]:
        """By multiplication, which is the same on one row and on many (see ``arithmetic``), and the fastest."""
        return {
            name: (col(name).cast(pl.Float64) - scale.mean) * (1.0 / scale.spread)
            for name, scale in state.columns.items()
        }

    def explain(self, state: Scales) -> str:
        return "\n".join(_words(name, scale) for name, scale in state.columns.items())


def _scale(name: str, summaries: Known) -> Scale:
    moments, ends = summaries["seen", name], summaries["ends", name]
    assert isinstance(moments, Moments)
    assert isinstance(ends, Extremes)
    if not moments.n:
        return Scale(0.0, 1.0, 0)
    if ends.low == ends.high:
        return Scale(float(ends.low), 1.0, moments.n)
    spread = finite(moments.deviation, "Standardize", name)
    return Scale(finite(moments.mean, "Standardize", name), spread if spread > TINY else 1.0, moments.n)


def _words(name: str, scale: Scale) -> str:
    if not scale.values:
        return f"{name}: no value was seen, so it is left as it is"
    return f"{name}: minus the mean {scale.mean:.6g}, divided by {scale.spread:.6g} ({scale.values} values seen)"
