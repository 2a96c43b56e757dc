"""Logarithms, with a shift for zeros."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import number, retyped
from instar.data.summaries import Extremes, Of

Negative = Literal["error", "null"]


class Shifts(msgspec.Struct, frozen=True):
    """columns : what is added to each before the logarithm, in its unit;  least : the least value seen, None without any"""

    columns: dict[str, float]
    least: dict[str, float | None]


@operator("log", state=Shifts)
@dataclass(frozen=True, init=False)
class Log(ExpressionOperator[Shifts]):
    """The natural logarithm of columns of numbers: ln(x + shift).

    shift : a number in the unit of the columns, 1 by default (``log1p``: 0 stays 0); 0 is the plain logarithm; "least"
    learns ``1 - least value seen`` for each column, so that its least value becomes 0
    negative : what to say when x + shift <= 0 has been seen: "error" refuses the fit and names the value; "null" makes
    it missing

    When rows are prepared later, x + shift <= 0 is missing in both cases: a logarithm of it does not exist. A missing
    value stays missing; positive infinity stays. An empty column keeps shift 0 or the given one.

    >>> from instar.data.preparing.fitting import fit
    >>> votes = pl.DataFrame({"votes": [0, 1, None]})
    >>> fit([Log("votes")], [votes]).apply(votes).frame["votes"].round(4).to_list()
    [0.0, 0.6931, None]
    """

    columns: tuple[str, ...]
    shift: float | Literal["least"] = 1.0
    negative: Negative = "error"

    def __init__(self, *columns: str, shift: float | Literal["least"] = 1.0, negative: Negative = "error") -> None:
        if isinstance(shift, bool) or not (isinstance(shift, int | float) or shift == "least"):
            raise BadInput(f'Log: shift={shift!r} is neither a number nor "least"')
        if negative not in ("error", "null"):
            raise BadInput(f'Log: negative={negative!r}; use "error" or "null"')
        self._set(columns, shift=shift if isinstance(shift, str) else float(shift), negative=negative)

    def output(self, schema: Schema, state: Shifts | None = None) -> Schema:
        found = [number(schema, name, "Log") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("ends", name): Of(Extremes, name) for name in self.columns if ("ends", name) not in known}

    def fit(self, summaries: Known) -> Shifts:
        least = {name: _least(summaries["ends", name]) for name in self.columns}
        shifts = {name: self._shift(value) for name, value in least.items()}
        for name, value in least.items():
            if self.negative == "error" and value is not None and value + shifts[name] <= 0:
                raise BadInput(
                    f"Log: column {name!r} has the value {value:g}, and {value:g} + {shifts[name]:g} has no logarithm; "
                    'choose a greater shift or shift="least", negative="null", or YeoJohnson, which takes any number'
                )
        return Shifts(shifts, least)

    def _shift(self, least: float | None) -> float:
        if not isinstance(self.shift, str):
            return self.shift
        return 0.0 if least is None else 1.0 - least

    def expressions(self, state: Shifts, col: Col = pl.col) -> dict[str, pl.Expr]:
        """``log1p`` where it can be, which is exact for small numbers."""
        found: dict[str, pl.Expr] = {}
        for name, shift in state.columns.items():
            value = col(name).cast(pl.Float64)
            inside = value + shift > 0.0
            found[name] = pl.when(inside).then(value.log1p() if shift == 1.0 else (value + shift).log())
        return found

    def explain(self, state: Shifts) -> str:
        return "\n".join(_words(name, shift, state.least[name]) for name, shift in state.columns.items())


def _least(ends: object) -> float | None:
    assert isinstance(ends, Extremes)
    return None if ends.low is None else float(ends.low)


def _words(name: str, shift: float, least: float | None) -> str:
    added = f"{name} + {shift:.6g}" if shift > 0 else f"{name} - {-shift:.6g}" if shift else name
    seen = "no value was seen" if least is None else f"the least value seen was {least:.6g}"
    return f"{name}: ln({added}); {seen}"
