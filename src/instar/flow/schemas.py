"""Schemas known before anything runs: a wrong column is an error at the line that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import polars as pl

from instar.base.errors import BadInput, ColumnMissing, InstarError, WrongType
from instar.base.schema import Field, Schema
from instar.base.types import type_name
from instar.data.rows.frames import dtypes_of

_NAMED = re.compile(r'"([^"]+)"')


def after(schema: Schema, query: Callable[[pl.LazyFrame], pl.LazyFrame], step: str) -> Schema:
    """The schema that ``query`` gives on a table of ``schema``; units and roles stay with columns that keep their type.

    Raises ColumnMissing, and BadInput for an expression that does not fit its columns.
    """
    planned = planned_widths(schema)
    try:
        # On a table without rows, since the schema alone does not find a text compared with a number.
        found = query(pl.LazyFrame(schema=dtypes_of(planned))).collect().schema
    except pl.exceptions.ColumnNotFoundError as error:
        raise _missing(error, step, schema) from None
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise BadInput(f"{step}: {first}; correct the expression. The table has: {_columns(schema)}") from error
    return Schema(
        tuple(
            schema[name]
            if name in planned and planned[name].type == type_name(dtype)
            else Field(name, type_name(dtype))
            for name, dtype in found.items()
        )
    )


def planned_widths(schema: Schema) -> Schema:
    """The width of a block is known when its operator is fitted (``array[float32,?]``); until then it is planned as 1."""
    return Schema(
        tuple(
            Field(field.name, field.type.replace(",?]", ",1]"), field.unit, field.role) if "?" in field.type else field
            for field in schema
        )
    )


def found_widths(schema: Schema, frame: pl.DataFrame) -> Schema:
    """The schema with the widths that the rows have."""
    return Schema(
        tuple(
            Field(field.name, type_name(frame.schema[field.name]), field.unit, field.role)
            if "?" in field.type
            else field
            for field in schema
        )
    )


def joined(left: Schema, right: Schema, on: Iterable[str], how: str, prefix: str) -> tuple[Schema, dict[str, str]]:
    """The schema of a join, and the names that the right table's columns get there.

    Raises ColumnMissing, and WrongType for keys of different types.
    """
    keys = tuple(on)
    for key in keys:
        mine, other = left.need(key, "join (left)"), right.need(key, "join (right)")
        if mine.type != other.type:
            raise WrongType(
                key,
                "join",
                f"{mine.type} on the left and {other.type} on the right",
                "the same type",
                "cast one of them",
            )
    if how == "anti":
        return left, {}
    names = {
        field.name: f"{prefix}.{field.name}" if field.name in left else field.name
        for field in right
        if field.name not in keys
    }
    for name in names.values():
        if list(names.values()).count(name) > 1 or (name in left):
            raise BadInput(f"join: both tables would give a column {name!r}; rename it in one of them first (select)")
    added = tuple(
        Field(names[field.name], field.type, field.unit, field.role) for field in right if field.name not in keys
    )
    return Schema(left.fields + added), names


def same_columns(first: Schema, other: Schema) -> None:
    """Raises BadInput when two tables cannot be put one below the other."""
    for field in first:
        if other.need(field.name, "union").type != field.type:
            raise WrongType(
                field.name,
                "union",
                f"{other[field.name].type} in one table",
                field.type,
                "cast it, as in the first table",
            )
    if extra := sorted(set(other.names) - set(first.names)):
        raise BadInput(f"union: only one table has {', '.join(extra)}; select the same columns in both")


def _missing(error: Exception, step: str, schema: Schema) -> InstarError:
    named = _NAMED.search(str(error))
    return ColumnMissing(named.group(1) if named else str(error).splitlines()[0], step, schema.names)


def _columns(schema: Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema)
