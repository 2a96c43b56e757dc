"""Values as keys of summaries: what they are in a table, and what they are in bytes."""

from __future__ import annotations

from typing import Any

import polars as pl

from instar.base.errors import WrongType
from instar.base.types import dtype_of, type_name

Value = Any  # bool, int, float, str, date, datetime or None: what a cell of a plain column holds


def kept_type(series: pl.Series, step: str) -> str:
    """The word for a column's type. Raises WrongType for a nested column, whose values are no keys."""
    if series.dtype.is_nested():
        raise WrongType(series.name, step, str(series.dtype), "a column of plain values", "take its parts first")
    return type_name(series.dtype)


def to_plain(values: list[Value], kind: str) -> list[Any]:
    """What bytes can hold: times become their microseconds or days since 1970, the rest stays."""
    if kind.partition("[")[0] not in ("date", "datetime", "time", "duration"):
        return values
    return pl.Series(values, dtype=dtype_of(kind)).to_physical().to_list()


def of_plain(values: list[Any], kind: str) -> list[Value]:
    """The values again."""
    if kind.partition("[")[0] not in ("date", "datetime", "time", "duration"):
        return values
    return pl.Series(values, dtype=pl.Int64).cast(_physical(kind)).cast(dtype_of(kind)).to_list()


def _physical(kind: str) -> pl.DataType:
    return pl.Int32() if kind == "date" else pl.Int64()


def in_order(value: Value) -> tuple[bool, Value]:
    """A sorting key for values of one type: the missing one last."""
    return (value is None, 0 if value is None else value)


def common_type(left: str, right: str) -> str:
    """A part that was wholly empty may have the type ``null``, which yields to the other."""
    return right if left == "null" else left
