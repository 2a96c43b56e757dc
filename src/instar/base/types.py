"""Types of columns in words that no library owns, and what they are in Polars.

    name = "int8" … "int128" | "uint8" … "uint128" | "float32" | "float64" | "bool" | "string" | "binary" | "null"
         | "date" | "time" | "datetime" | "datetime[ZONE]" | "duration" | "decimal[PRECISION,SCALE]"
         | "list[" name "]" | "array[" name "," width "]" | "struct[" ('"' field '":' name),* "]"

Times are in microseconds. A dictionary-encoded column (categorical, enum) is a string column: how values are packed
says nothing about them.
"""

from __future__ import annotations

import json

import polars as pl
from polars.datatypes import DataTypeClass

from instar.base.errors import BadInput

_PLAIN: dict[str, pl.DataType] = {
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "int128": pl.Int128(),
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    "uint128": pl.UInt128(),
    "float32": pl.Float32(),
    "float64": pl.Float64(),
    "bool": pl.Boolean(),
    "string": pl.String(),
    "binary": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "datetime": pl.Datetime("us"),
    "duration": pl.Duration("us"),
    "null": pl.Null(),
}
_NAMES = {dtype: name for name, dtype in _PLAIN.items()}


def type_name(dtype: pl.DataType) -> str:
    """The word for a Polars type. Raises BadInput for one that cannot be kept (Python objects).

    >>> type_name(pl.Int64()), type_name(pl.Array(pl.Float32, 40)), type_name(pl.Datetime("ns", "UTC"))
    ('int64', 'array[float32,40]', 'datetime[UTC]')
    """
    if name := _NAMES.get(dtype):
        return name
    match dtype:
        case pl.Categorical() | pl.Enum():
            return "string"
        case pl.Float16():
            return "float32"
        case pl.Datetime():
            return f"datetime[{dtype.time_zone}]" if dtype.time_zone else "datetime"
        case pl.Duration():
            return "duration"
        case pl.Decimal():
            return f"decimal[{dtype.precision},{dtype.scale}]"
        case pl.List():
            return f"list[{type_name(_whole(dtype.inner))}]"
        case pl.Array():
            return f"array[{type_name(_whole(dtype.inner))},{dtype.size}]"
        case pl.Struct():
            parts = (f"{json.dumps(part.name)}:{type_name(_whole(part.dtype))}" for part in dtype.fields)
            return f"struct[{','.join(parts)}]"
        case _:
            raise BadInput(f"type {dtype} cannot be kept in a dataset; cast the column to text, numbers or times first")


def dtype_of(name: str) -> pl.DataType:
    """The Polars type for a word. Raises BadInput when the word is unknown.

    >>> dtype_of("list[string]")
    List(String)
    """
    if plain := _PLAIN.get(name):
        return plain
    kind, _, inside = name.partition("[")
    if not inside.endswith("]"):
        raise BadInput(f"unknown column type {name!r}; use one of {', '.join(_PLAIN)}, list[…], array[…,n], struct[…]")
    inside = inside[:-1]
    parts = split_outside(inside)
    match kind:
        case "datetime":
            return pl.Datetime("us", inside)
        case "list":
            return pl.List(dtype_of(inside))
        case "array" if len(parts) == 2 and parts[1].isdigit():
            return pl.Array(dtype_of(parts[0]), int(parts[1]))
        case "decimal" if len(parts) == 2 and parts[0].isdigit() and parts[1].isdigit():
            return pl.Decimal(int(parts[0]), int(parts[1]))
        case "struct":
            return pl.Struct([_struct_field(part) for part in parts])
        case _:
            raise BadInput(f"unknown column type {name!r}; known with brackets: datetime, list, array, decimal, struct")


def kept(dtype: pl.DataType) -> pl.DataType:
    """The type in which a column of type ``dtype`` is kept: strings for categories, microseconds for times.

    >>> kept(pl.List(pl.Categorical()))
    List(String)
    """
    return dtype_of(type_name(dtype))


def split_outside(text: str) -> list[str]:
    """Cut ``text`` at the commas that are outside brackets and quotes.

    >>> split_outside('array[int8,2],"a,b":string')
    ['array[int8,2]', '"a,b":string']
    """
    parts: list[str] = []
    depth, quoted, escaped, start = 0, False, False, 0
    for at, letter in enumerate(text):
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "[]":
            depth += 1 if letter == "[" else -1
        elif letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if text else []


def _struct_field(text: str) -> pl.Field:
    name, end = json.JSONDecoder().raw_decode(text)
    return pl.Field(name, dtype_of(text[end + 1 :]))


def _whole(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()
