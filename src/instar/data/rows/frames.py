"""Any table of the user as a Polars frame, and the schema of a frame in our own words."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.logical import canonical_frame
from instar.base.schema import Field, Role, Schema
from instar.base.types import dtype_of, type_name

__all__ = ["dtype_of", "schema_of", "to_polars", "type_name"]


def to_polars(frame: Any) -> pl.DataFrame:
    """``frame`` as a Polars frame with the types in which columns are kept (strings, microseconds; no categories).

    Takes Polars, pandas, PyArrow, DuckDB and all that narwhals or the Arrow C stream knows; a mapping of columns; a
    sequence of mappings (rows); a numpy array of one or two dimensions, whose columns are called x0, x1, … In pandas a
    missing value and NaN are one thing: both come in as null. A named pandas index becomes a column.
    Raises BadInput for anything else, for columns that are unnamed or named twice, and for values that do not share a type.

    >>> to_polars([{"a": 1}, {"a": None, "b": "x"}]).schema
    Schema([('a', Int64), ('b', String)])
    >>> to_polars(np.zeros((2, 3))).columns
    ['x0', 'x1', 'x2']
    """
    try:
        read = _read(frame)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"this {_kind(frame)} is not a table: {first_line}") from error
    check_names(read.columns, f"this {_kind(frame)}")
    for name, dtype in read.schema.items():
        _check_type(name, dtype)
    return canonical_frame(read)


def schema_of(
    frame: pl.DataFrame | pl.LazyFrame | Mapping[str, pl.DataType],
    units: Mapping[str, str] | None = None,
    roles: Mapping[str, Role] | None = None,
) -> Schema:
    """The schema of a Polars frame (or of names and Polars types), with the units and roles that are given.

    Raises ColumnMissing when ``units`` or ``roles`` name a column that is not there.

    >>> schema_of(pl.DataFrame({"Runtime": [90]}), units={"Runtime": "minute"})["Runtime"]
    Field(name='Runtime', type='int64', unit='minute', role='')
    """
    types = frame.collect_schema() if isinstance(frame, pl.DataFrame | pl.LazyFrame) else frame
    schema = Schema(tuple(Field(name, type_name(dtype)) for name, dtype in types.items()))
    return annotated(schema, units, roles)


def annotated(schema: Schema, units: Mapping[str, str] | None, roles: Mapping[str, Role] | None) -> Schema:
    """``schema`` with the units and roles that are given. Raises ColumnMissing for a column that is not there."""
    units, roles = units or {}, roles or {}
    for what, names in (("units", units), ("roles", roles)):
        for name in names:
            schema.need(name, what)
    return Schema(
        tuple(
            Field(field.name, field.type, units.get(field.name, field.unit), roles.get(field.name, field.role))
            for field in schema
        )
    )


def dtypes_of(schema: Schema) -> dict[str, pl.DataType]:
    """The Polars types of the columns of ``schema``."""
    return {field.name: dtype_of(field.type) for field in schema}


def check_names(names: Sequence[str], where: str) -> None:
    """Raises BadInput when there is no column, or a name is empty, used twice, a pattern, or has control characters."""
    if not names:
        raise BadInput(f"{where} has no columns; give a table with at least one")
    if any(not name for name in names):
        raise BadInput(f"{where}: column {list(names).index('') + 1} has no name; name it first")
    for place, name in enumerate(names, 1):
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            raise BadInput(
                f"{where}: the name of column {place} has control characters: {name[:60]!r}; rename it first"
            )
        if name == "*" or (name.startswith("^") and name.endswith("$")):  # as Polars reads it, and prep.MinMax("*")
            raise BadInput(
                f"{where}: the name of column {place}, {name!r}, stands for several columns; rename it first"
            )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise BadInput(f"{where}: {', '.join(map(repr, twice))} names several columns; give each its own name")


def is_frame(data: Any) -> bool:
    """Whether ``data`` is a data frame of some library: columns with names and types, not an array or a list."""
    if isinstance(data, pl.DataFrame | pl.LazyFrame | nw.DataFrame | nw.LazyFrame):
        return True
    return isinstance(nw.from_native(data, pass_through=True), nw.DataFrame | nw.LazyFrame)


def like(made: pl.DataFrame, given: Any, names: Mapping[str, Sequence[str]] | None = None) -> Any:
    """``made`` as a table of the kind of ``given``: Polars (lazy as well), pandas, PyArrow, a mapping, a list of rows, a
    numpy array of objects; for any other kind Polars.

    In pandas the rows keep the index of ``given``, whose columns come back in it. pandas has no column of many values a
    row, so such a one becomes a column for each value, ``<column>=<name>``.
    names : of the values of each such column; numbers where they are not given
    Raises BadInput when rows of pandas came or went, since the index no longer fits.
    """
    module = type(given).__module__.partition(".")[0]
    if isinstance(given, pl.LazyFrame):
        return made.lazy()
    if module == "pandas":
        return _to_pandas(made, given, names or {})
    if module == "pyarrow":
        return made.to_arrow()
    if isinstance(given, np.ndarray):
        return np.array(made.rows(), dtype=object).reshape(made.height, made.width)
    if isinstance(given, Mapping):
        return made.to_dict(as_series=False)
    return made.to_dicts() if isinstance(given, list | tuple) else made


def _to_pandas(made: pl.DataFrame, given: Any, names: Mapping[str, Sequence[str]]) -> Any:
    import pandas

    if made.height != len(given):
        raise BadInput(f"{made.height} rows were made of {len(given)}, so the index of the pandas frame does not fit")
    index = [name for name in given.index.names if name is not None] if hasattr(given.index, "names") else []
    columns: dict[str, Any] = {}
    for series in made.drop(index, strict=False):
        if isinstance(series.dtype, pl.Array):
            texts = names.get(series.name) or list(map(str, range(series.dtype.size)))
            spread = series.arr.to_struct(fields=texts).struct.unnest() if texts else pl.DataFrame()
            columns |= {f"{series.name}={name}": _pandas_values(spread[name]) for name in spread.columns}
        else:
            columns[series.name] = _pandas_values(series)
    return pandas.DataFrame(columns, index=given.index)


def _pandas_values(series: pl.Series) -> Any:
    """Numbers as numpy has them (a missing one is NaN), the rest as pandas would make it of a list."""
    if series.dtype.is_numeric() or (series.dtype == pl.Boolean and not series.null_count()):
        return series.to_numpy()
    return series.to_list()


def _read(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect(engine="streaming")
    if isinstance(frame, pl.Series):
        return frame.to_frame()
    if isinstance(frame, np.ndarray):
        return _from_numpy(frame)
    if isinstance(frame, Mapping):
        return pl.DataFrame(dict(frame))
    if isinstance(frame, nw.DataFrame | nw.LazyFrame):
        return _read(frame.to_native())
    if hasattr(frame, "reset_index") and hasattr(frame, "iloc"):
        return _from_pandas(frame)
    if hasattr(frame, "__arrow_c_stream__"):
        return pl.scan_arrow_c_stream(frame).collect()
    known = nw.from_native(frame, pass_through=True)
    if isinstance(known, nw.LazyFrame):
        known = known.collect("polars")
    if isinstance(known, nw.DataFrame):
        return known.to_polars()
    if isinstance(frame, list | tuple) and all(isinstance(row, Mapping) for row in frame):
        return pl.DataFrame([dict(row) for row in frame], infer_schema_length=None)
    raise TypeError("give a data frame, a mapping of columns, a list of rows (mappings) or a numpy array")


def _from_numpy(array: np.ndarray[Any, Any]) -> pl.DataFrame:
    if array.dtype.names:
        return pl.DataFrame({name: array[name] for name in array.dtype.names})
    if array.ndim not in (1, 2):
        raise ValueError(f"it has {array.ndim} dimensions, a table has two (rows, columns)")
    columns = array.reshape(len(array), -1)
    return pl.DataFrame({f"x{number}": np.ascontiguousarray(columns[:, number]) for number in range(columns.shape[1])})


def _from_pandas(frame: Any) -> pl.DataFrame:
    """Column by column, because the Arrow door of pandas needs PyArrow, which may not be installed."""
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    check_names([str(name) for name in frame.columns], "this pandas frame")
    return pl.DataFrame([_from_narwhals(column) for column in nw.from_native(frame, eager_only=True).iter_columns()])


def _from_narwhals(column: nw.Series[Any]) -> pl.Series:
    missing = column.is_null().to_numpy()
    if column.dtype.is_numeric() and not missing.any():
        return pl.Series(str(column.name), column.to_numpy())
    values = [None if null else value for value, null in zip(column.to_list(), missing)]
    return pl.Series(str(column.name), values, dtype=_pandas_type(column.dtype))


def _pandas_type(dtype: nw.dtypes.DType) -> pl.DataType | None:
    """The type that values alone do not tell when there are few or none of them; None: tell it by the values."""
    match dtype:
        case nw.Datetime():
            return pl.Datetime("us", dtype.time_zone)
        case nw.Duration():
            return pl.Duration("us")
        case nw.String() | nw.Categorical() | nw.Enum():
            return pl.String()
        case nw.Boolean():
            return pl.Boolean()
        case _ if dtype.is_numeric() and not dtype.is_decimal():
            return dtype_of(str(dtype).lower())
        case _:
            return None


def _check_type(name: str, dtype: pl.DataType) -> None:
    try:
        type_name(dtype)
    except BadInput as error:
        raise BadInput(f"column {name!r}: {error}") from None


def _kind(frame: Any) -> str:
    module = type(frame).__module__.partition(".")[0]
    return type(frame).__name__ if module == "builtins" else f"{module} {type(frame).__name__}"
