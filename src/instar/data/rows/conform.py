"""Columns as a schema wants them: the door between the outside and a fitted preparation."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from instar.base.errors import ColumnMissing, WrongType
from instar.base.schema import Schema
from instar.base.types import dtype_of, type_name


def wanted_types(schema: Schema) -> dict[str, pl.DataType]:
    """The Polars type of each column, for ``conform``."""
    return {field.name: dtype_of(field.type) for field in schema}


def conform(frame: pl.DataFrame, wanted: Mapping[str, pl.DataType], step: str) -> pl.DataFrame:
    """The wanted columns of ``frame``, in the wanted order, with the wanted types.

    What loses nothing is done silently: an empty column gets its type, numbers become floats, floats that are all whole
    become integers, categories text. Raises ColumnMissing, and WrongType for anything else.

    >>> conform(pl.DataFrame({"Year": [1999.0, None], "more": [1, 2]}), {"Year": pl.Int64()}, "predict")["Year"].to_list()
    [1999, None]
    """
    found = frame.schema
    for name in wanted:
        if name not in found:
            raise ColumnMissing(name, step, found)
    if all(found[name] == dtype for name, dtype in wanted.items()):
        return frame if tuple(found) == tuple(wanted) else frame.select_seq(*wanted)
    return pl.DataFrame([_cast(frame.get_column(name), dtype, step) for name, dtype in wanted.items()])


def _cast(series: pl.Series, dtype: pl.DataType, step: str) -> pl.Series:
    found = series.dtype
    if found == dtype:
        return series
    if series.null_count() == len(series) or _loses_nothing(found, dtype):
        return series.cast(dtype)
    if found.is_float() and dtype.is_integer():
        whole = series.fill_nan(None)
        as_integers = whole.cast(dtype, strict=False)
        if as_integers.cast(found).equals(whole.cast(found), null_equal=True):
            return as_integers
    if found.is_integer() and dtype.is_integer():
        narrow = series.cast(dtype, strict=False)
        if narrow.null_count() == series.null_count():
            return narrow
    needed = type_name(dtype)
    raise WrongType(series.name, step, type_name(found), needed, f"give values of type {needed}")


def _loses_nothing(found: pl.DataType, wanted: pl.DataType) -> bool:
    if wanted == pl.String:
        return isinstance(found, pl.Categorical | pl.Enum)
    if wanted.is_float():
        return found.is_numeric()
    if isinstance(wanted, pl.List) and isinstance(found, pl.List):
        return found.inner == pl.Null
    return isinstance(wanted, pl.Datetime) and isinstance(found, pl.Datetime) and wanted.time_zone == found.time_zone
