"""The type of a column of JSON values, told by all of its values and nothing else.

null < bool, int64 < float64, list of shapes, struct of shapes (a key that is missing is null)
values that share nothing narrower are text: a string as it is, anything else as its JSON
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import polars as pl

Shape = str | tuple[str, Any]  # a word, ("list", Shape) or ("struct", {key: Shape})
NULL: Shape = "null"
_LARGEST, _LEAST = (1 << 63) - 1, -(1 << 63)


def shape_of(value: Any) -> Shape:
    """The shape of one value.

    >>> shape_of([1, 2.5])
    ('list', 'float64')
    """
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if _LEAST <= value <= _LARGEST else "string"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        inner = NULL
        for item in value:
            inner = join(inner, shape_of(item))
        return ("list", inner)
    return ("struct", {key: shape_of(item) for key, item in value.items()})


def join(left: Shape, right: Shape) -> Shape:
    """The narrowest shape that holds both.

    >>> join("int64", "float64"), join("int64", "string"), join(("list", "null"), ("list", "bool"))
    ('float64', 'string', ('list', 'bool'))
    """
    if left == right or right == NULL:
        return left
    if left == NULL:
        return right
    if {left, right} == {"int64", "float64"} if isinstance(left, str) and isinstance(right, str) else False:
        return "float64"
    if isinstance(left, tuple) and isinstance(right, tuple) and left[0] == right[0]:
        if left[0] == "list":
            return ("list", join(left[1], right[1]))
        return (
            "struct",
            {key: join(left[1].get(key, NULL), right[1].get(key, NULL)) for key in {**left[1], **right[1]}},
        )
    return "string"


def dtype(shape: Shape) -> pl.DataType:
    """The Polars type of a shape. Where there was no value at all, and for objects without a key, text."""
    if isinstance(shape, tuple):
        kind, inside = shape
        if kind == "list":
            return pl.List(dtype(inside))
        return pl.Struct({key: dtype(part) for key, part in inside.items()}) if inside else pl.String()
    words: Mapping[str, pl.DataType] = {"bool": pl.Boolean(), "int64": pl.Int64(), "float64": pl.Float64()}
    return words.get(shape, pl.String())


def reader(wanted: pl.DataType) -> Callable[[Any], Any]:
    """What turns a JSON value into one that a column of type ``wanted`` takes.

    >>> reader(pl.String())([1, "a"])
    '[1,"a"]'
    """
    if wanted == pl.String:
        return _text
    if isinstance(wanted, pl.List):
        inner = reader(wanted.inner if isinstance(wanted.inner, pl.DataType) else wanted.inner())
        return lambda value: None if value is None else [inner(item) for item in value]
    if isinstance(wanted, pl.Struct):
        inside = {
            part.name: reader(part.dtype if isinstance(part.dtype, pl.DataType) else part.dtype())
            for part in wanted.fields
        }
        return lambda value: None if value is None else {key: read(value.get(key)) for key, read in inside.items()}
    if wanted == pl.Float64:
        return lambda value: None if value is None else float(value)
    return lambda value: value


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
