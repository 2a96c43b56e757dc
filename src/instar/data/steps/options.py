"""What table steps ask of their options, and the words in which they refuse one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema

Names = str | Sequence[str]  # one name, or several

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d|w)")


def names(value: Names) -> tuple[str, ...]:
    """One name or several, as a tuple.

    >>> names("Year"), names(["Year", "Title"])
    (('Year',), ('Year', 'Title'))
    """
    return (value,) if isinstance(value, str) else tuple(value)


def some_names(value: Names, step: str, what: str) -> tuple[str, ...]:
    """The same, at least one and none twice. Raises BadInput."""
    found = names(value)
    if not found:
        raise BadInput(f"{step}: {what} names no column; name at least one")
    if twice := [name for name in found if found.count(name) > 1]:
        raise BadInput(f"{step}: {what} names {twice[0]!r} twice; name each column once")
    return found


def one_of(value: str, choices: Any, step: str, what: str) -> str:
    """The value, when it is one of those of a ``Literal``. Raises BadInput."""
    if value not in get_args(choices):
        raise BadInput(f"{step}: unknown {what} {value!r}; use one of {', '.join(get_args(choices))}")
    return value


def whole(value: int, least: int, step: str, what: str) -> int:
    """The whole number, which is at least ``least``. Raises BadInput."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadInput(f"{step}: {what}={value!r}; give a whole number of at least {least}")
    return value


def share(value: float, step: str, what: str = "share") -> float:
    """The number, when it lies between 0 and 1. Raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"{step}: {what}={value!r}; give a number between 0 and 1, such as {what}=0.1")
    return float(value)


def number(value: float, step: str, what: str) -> float:
    """The number, when it is finite. Raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{step}: {what}={value!r}; give a finite number")
    return float(value)


def seconds(value: str, step: str, what: str) -> float:
    """The seconds in a duration such as ``7d``, ``90m`` or ``1.5h``. Raises BadInput.

    >>> seconds("2h", "Window", "last")
    7200.0
    """
    found = _DURATION.fullmatch(value)
    if found is None or not float(found[1]):
        raise BadInput(f'{step}: {what}={value!r} is no duration; give one such as "7d", "12h", "30m" or "10s"')
    return float(found[1]) * _SECONDS[found[2]]


def time(schema: Schema, column: str, step: str) -> Field:
    """The column, which must hold dates, times of a date, or numbers. Raises ColumnMissing and WrongType."""
    field = schema.need(column, step)
    if is_moment(field) or (field.is_number and field.type != "bool"):
        return field
    hint = f'parse it first, as with_columns(pl.col("{column}").str.to_datetime())'
    raise WrongType(column, step, field.type, "a date, a datetime or a number", hint)


def is_moment(field: Field) -> bool:
    return field.type == "date" or field.type.startswith("datetime")


def new_columns(schema: Schema, added: Iterable[Field], step: str) -> Schema:
    """The schema with columns at its end. Raises BadInput when one of that name is there already, or comes twice."""
    fields = list(schema.fields)
    for field in added:
        if any(field.name == known.name for known in fields):
            raise BadInput(f"{step}: there would be two columns {field.name!r}; rename the one of the input first")
        fields.append(field)
    return Schema(tuple(fields))
