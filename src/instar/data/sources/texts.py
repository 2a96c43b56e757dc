"""The type of a column of text, told by all of its values and nothing else, and the values in that type.

bool     every value is true or false, in any case
int64    every value is an integer that 64 bits hold, without a plus or leading zeros (007 is a code, not a number)
float64  every value is a number, at least one with a fraction or an exponent; nan and inf count as numbers
string   anything else, dates included: a format is guessed by nobody; cast it with a format
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

_INTEGER = r"^-?(?:0|[1-9][0-9]*)$"
_NUMBER = r"^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$|^(?i:-?inf|-?infinity|nan)$"
_BOOL = r"^(?i:true|false)$"
_FORMS = ("bool", "integer", "fits", "number")


class ColumnTypes:
    """What the values seen so far still allow each column to be. ``see`` blocks in any order, then ask for ``types``.

    >>> seen = ColumnTypes(["a", "b"])
    >>> seen.see(pl.DataFrame({"a": ["1", None], "b": ["007", "8"]}))
    >>> seen.types()
    {'a': Int64, 'b': String}
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._possible = {name: set(_FORMS) for name in names}
        self._empty = set(self._possible)

    def see(self, texts: pl.DataFrame) -> None:
        """Take in a block of text columns; a null or an empty text says nothing about a type."""
        asked = {f"{form} {name}": (form, name) for name, forms in self._possible.items() for form in forms}
        checks = [_holds(form, name).alias(key) for key, (form, name) in asked.items()]
        known = [_values(pl.col(name)).count().alias(f"count {name}") for name in self._empty]
        answers = texts.select(*checks, *known).row(0, named=True)
        for key, (form, name) in asked.items():
            if not answers[key]:
                self._possible[name].discard(form)
        self._empty = {name for name in self._empty if not answers[f"count {name}"]}

    def types(self) -> dict[str, pl.DataType]:
        """The narrowest type that holds all values of each column."""
        return {name: pl.String() if name in self._empty else _type(forms) for name, forms in self._possible.items()}


def parse(texts: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Columns of text in the types that were told; an empty text is null where the type is not string."""
    return texts.select(_parsed(name, dtype) for name, dtype in types.items())


def _parsed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        return column
    if dtype == pl.Boolean:
        return (_values(column).str.to_lowercase() == "true").alias(name)
    return _values(column).cast(dtype)


def _values(column: pl.Expr) -> pl.Expr:
    return pl.when(column != "").then(column)


def _holds(form: str, name: str) -> pl.Expr:
    column = _values(pl.col(name))
    match form:
        case "bool":
            holds = column.str.contains(_BOOL)
        case "integer":
            holds = column.str.contains(_INTEGER)
        case "fits":
            holds = column.cast(pl.Int64, strict=False).is_not_null() | column.is_null()
        case _:
            holds = column.str.contains(_NUMBER)
    return holds.all()


def _type(forms: set[str]) -> pl.DataType:
    if "bool" in forms:
        return pl.Boolean()
    if "integer" in forms:
        return pl.Int64() if "fits" in forms else pl.String()
    return pl.Float64() if "number" in forms else pl.String()
