"""The greatest distance from 0 to 1; 0 stays 0."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.schema import Schema
from instar.data.operators.arithmetic import divided
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import number, retyped
from instar.data.summaries import Extremes, Of


class Reaches(msgspec.Struct, frozen=True):
    """columns : the greatest absolute value of each, in its unit; None when no value was seen"""

    columns: dict[str, float | None]


@operator("max_abs", state=Reaches)
@dataclass(frozen=True, init=False)
class MaxAbs(ExpressionOperator[Reaches]):
    """Divide columns of numbers by their greatest absolute value: those seen lie between -1 and 1, and 0 stays 0.

    A missing value stays missing, and an infinite one infinite; a value beyond those seen comes out beyond 1. A column
    of zeros, or without any value, is left as it is.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [-4.0, 0.0, 2.0]})
    >>> fit([MaxAbs("x")], [rows]).apply(rows).frame["x"].to_list()
    [-1.0, 0.0, 0.5]
    """

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        self._set(columns)

    def output(self, schema: Schema, state: Reaches | None = None) -> Schema:
        found = [number(schema, name, "MaxAbs") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("ends", name): Of(Extremes, name) for name in self.columns if ("ends", name) not in known}

    def fit(self, summaries: Known) -> Reaches:
        return Reaches({name: _reach(summaries["ends", name]) for name in self.columns})

    def expressions(self, state: Reaches, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {name: divided(col(name).cast(pl.Float64), reach or 1.0) for name, reach in state.columns.items()}

    def explain(self, state: Reaches) -> str:
        return "\n".join(_words(name, reach) for name, reach in state.columns.items())


def _reach(ends: object) -> float | None:
    assert isinstance(ends, Extremes)
    return None if ends.low is None else max(abs(float(ends.low)), abs(float(ends.high)))


def _words(name: str, reach: float | None) -> str:
    if not reach:
        return f"{name}: left as it is, since {'no value was seen' if reach is None else 'all values are 0'}"
    return f"{name}: divided by the greatest absolute value, {reach:.6g}"
