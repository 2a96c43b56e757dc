"""What the operators ask of a column's type, and the words in which they refuse one."""

from __future__ import annotations

import math

import msgspec

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema

CATEGORIES = frozenset(["string", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])


def number(schema: Schema, column: str, step: str) -> Field:
    """The column, which must hold numbers (or truth values, as 0 and 1)."""
    field = schema.need(column, step)
    if field.is_number:
        return field
    raise WrongType(column, step, field.type, "a column of numbers", _to_numbers(field, column))


def category(schema: Schema, column: str, step: str) -> Field:
    """The column, which must hold text, whole numbers or truth values."""
    field = schema.need(column, step)
    if field.type in CATEGORIES:
        return field
    if field.type in ("float32", "float64"):
        hint = f'cut it by Discretize("{column}", bins=10) first, or Cast it to "int64"'
    elif is_block(field):
        hint = "another operator has made it a block; put this operator before that one"
    else:
        hint = f'Cast("{column}", to="string") first'
    raise WrongType(column, step, field.type, "text, whole numbers or truth values", hint)


def text(schema: Schema, column: str, step: str, lists: bool = False) -> Field:
    """The column, which must hold text (or, with ``lists``, lists of text)."""
    field = schema.need(column, step)
    if field.type == "string" or (lists and field.type == "list[string]"):
        return field
    if is_block(field):
        hint = "another operator has made it a block; put this operator before that one"
    else:
        hint = f'Cast("{column}", to="string") first'
    raise WrongType(column, step, field.type, "text" + (" or lists of text" if lists else ""), hint)


def plain(schema: Schema, column: str, step: str) -> Field:
    """The column, which must not be a block, list or struct."""
    field = schema.need(column, step)
    if "[" in field.type and not field.type.startswith(("datetime", "decimal")):
        raise WrongType(column, step, field.type, "a column of single values", "name one that holds single values")
    return field


def is_block(field: Field) -> bool:
    return field.type.startswith("array[")


def retyped(field: Field, type: str, keep_unit: bool = True) -> Field:
    """The column with another type, and without its unit where the values are no longer in it."""
    return msgspec.structs.replace(field, type=type, unit=field.unit if keep_unit else "")


def finite(value: float, step: str, column: str) -> float:
    """What was computed from a column, unless its values are too large to compute with."""
    if not math.isfinite(value):
        raise BadInput(f"{step}: the values of column {column!r} are too large for float64; change its unit first")
    return value


def _to_numbers(field: Field, column: str) -> str:
    if is_block(field):
        return "another operator has made it a block; put this operator before that one"
    if field.type == "string":
        return f'Cast("{column}", to="float64") first, or make it a block by OneHot, MultiHot or TfIdf'
    return f'Cast("{column}", to="float64") first'
