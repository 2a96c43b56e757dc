"""Values between bounds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Self

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.rules.rule import Row, RowRule, rule
from instar.data.values.amounts import amount, amount_in

Bound = int | float | str | date | datetime | None


@rule("between")
@dataclass(frozen=True)
class Between(RowRule):
    """low <= value <= high.

    low, high : a number in the column's unit, an amount in another (``"10 hour"``, converted by pint), a date or time (or
    its ISO text); None leaves that end open. Bounds that contradict each other, or that cannot be converted, are errors.
    A missing value (NaN too) keeps the rule: see Present. ``correct()`` takes the nearest bound.

    >>> from datetime import date
    >>> Between("Runtime", 1, "10 hour").says(), Between("Released", date(1895, 12, 28)).says()
    ('Runtime between 1 and 10 hour', 'Released at least 1895-12-28')
    >>> Between("Runtime", 600, 1)
    Traceback (most recent call last):
    ...
    instar.base.errors.BadInput: Between('Runtime', 600, 1): the lower bound is above the upper one; exchange them
    """

    has_right: ClassVar[bool] = True
    column: str
    low: Bound = None
    high: Bound = None

    def __post_init__(self) -> None:
        step = f"Between({self.column!r}, {self.low!r}, {self.high!r})"
        if self.low is None and self.high is None:
            raise BadInput(f"{step}: no bound is given; give low, high or both")
        for end in ("low", "high"):
            object.__setattr__(self, end, _kept(getattr(self, end), step))
        if self.low is not None and self.high is not None and _above(self.low, self.high, step):
            raise BadInput(f"{step}: the lower bound is above the upper one; exchange them")

    def says(self) -> str:
        if self.low is None:
            return f"{self.column} at most {self.high}"
        return (
            f"{self.column} at least {self.low}"
            if self.high is None
            else (f"{self.column} between {self.low} and {self.high}")
        )

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        self.bound(schema)

    def bound(self, schema: Schema) -> Self:
        field = schema.need(self.column, "Between")
        low, high = (_in_column(end, field) for end in (self.low, self.high))
        if "int" in field.type:  # the whole numbers between the bounds, so that a correction is one of them
            low, high = low if low is None else math.ceil(low), high if high is None else math.floor(high)
        if low is not None and high is not None and _above(low, high, "Between"):
            raise BadInput(
                f"Between: {self.says()}: no value of {field.unit or field.type} is between {low} and {high}"
            )
        return dataclasses.replace(self, low=low, high=high, name=self.label)

    def broken(self) -> pl.Expr:
        value, none = pl.col(self.column), pl.lit(False)
        low = none if self.low is None else value < _literal(self.low)
        high = none if self.high is None else value > _literal(self.high)
        return low | high

    def right(self) -> pl.Expr:
        value = pl.col(self.column)
        low = (
            value if self.low is None else pl.when(value < _literal(self.low)).then(_literal(self.low)).otherwise(value)
        )
        if self.high is None:
            return low
        return pl.when(value > _literal(self.high)).then(_literal(self.high)).otherwise(low)

    def words(self, row: Row) -> str:
        return f"{self.column} is {row[self.column]}, it must be {self.label.removeprefix(self.column).strip()}"


def _kept(bound: Bound, step: str) -> Any:
    """A bound as plain values have it: a date is its ISO text."""
    if isinstance(bound, bool) or (isinstance(bound, float) and not math.isfinite(bound)):
        raise BadInput(f"{step}: {bound} is no bound; give a finite number, or None for an open end")
    if isinstance(bound, date):
        return bound.isoformat(" ") if isinstance(bound, datetime) else bound.isoformat()
    return bound


def _above(low: Any, high: Any, step: str) -> bool:
    """Whether the bounds contradict each other; a number and an amount are compared when the unit is known."""
    if isinstance(low, str) != isinstance(high, str):
        if _time(low) or _time(high):
            raise BadInput(f"{step}: one bound is a time and the other a number; give both in one kind")
        return False
    if not isinstance(low, str):
        return bool(low > high)
    times = [_time(low), _time(high)]
    if all(times):
        return bool(times[0] > times[1])  # type: ignore[operator]
    if any(times):
        raise BadInput(f"{step}: one bound is a time and the other an amount; give both in one kind")
    return amount_in(low, amount(high, step)[1], step) > amount(high, step)[0]


def _time(text: Any) -> datetime | None:
    """An ISO text as a time; a text with a zone is compared without it."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _in_column(bound: Any, field: Field) -> Any:
    """The bound as a number, or a time, of the column."""
    if bound is None:
        return None
    if field.type in ("date", "datetime"):
        if _time(bound) is None:
            raise BadInput(f"Between: column {field.name!r} is {field.type} and {bound!r} is no time; give a date")
        return bound
    if not field.is_number or field.type == "bool":
        hint = f'Cast("{field.name}", to="float64") first, or use OneOf or Matches'
        raise WrongType(field.name, "Between", field.type, "a column of numbers or times", hint)
    if isinstance(bound, str):
        if _time(bound):
            raise BadInput(f"Between: column {field.name!r} is {field.type} and {bound!r} is a time; give a number")
        return amount_in(bound, field.unit, "Between")
    return bound


def _literal(bound: Any) -> pl.Expr:
    if isinstance(bound, str):
        if (found := _time(bound)) is None:
            raise BadInput(
                f"Between: {bound!r} is in a unit; the step must know the column's: use Table.check or .bound"
            )
        return pl.lit(found)
    return pl.lit(bound)
