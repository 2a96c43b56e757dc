"""What one value may be: there, one of some, of a pattern."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Schema
from instar.data.operators.types import plain, text
from instar.data.rows.frames import dtypes_of
from instar.data.rules.rule import VALUE, Judge, Row, RowRule, Tables, rule

SHOWN = 6


@rule("present")
@dataclass(frozen=True)
class Present(RowRule):
    """The value is there. blank : whether a text of nothing but spaces is one (it is not, by default); NaN is missing.

    >>> Present("Title").says()
    'Title is present'
    """

    column: str
    blank: bool = False

    def __post_init__(self) -> None:
        if self.correction == (VALUE, None):
            raise BadInput(f"{self.label}: corrected by a missing value, it would still be broken; give a value")

    def says(self) -> str:
        return f"{self.column} is present"

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        schema.need(self.column, "Present")

    def bound(self, schema: Schema) -> Present:
        return self if schema[self.column].type == "string" else replace(self, blank=True, name=self.label)

    def broken(self) -> pl.Expr:
        value = pl.col(self.column)
        # Only a text can be blank; the form of another type is not asked for.
        return value.is_null() if self.blank else value.is_null() | value.cast(pl.String).str.strip_chars().eq("")

    def words(self, row: Row) -> str:
        return f"{self.column} is {'missing' if row[self.column] is None else 'blank'}"


@rule("one_of")
@dataclass(frozen=True)
class OneOf(RowRule):
    """The value is one of ``values``, or one of those in the column ``of`` of the reference ``table``.

    table : the name of another table that the step reads;  of : its column, else the one of the same name
    A missing value keeps the rule: see Present. The reference's values are held in memory.

    >>> OneOf("Rated", ("G", "PG")).says()
    "Rated is one of 'G', 'PG'"
    """

    column: str
    values: Sequence[Any] = ()
    table: Any = ""  # a name; in a dataflow the table itself
    of: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.values, str):
            raise BadInput(
                f"OneOf({self.column!r}): give several values, such as ({self.values!r},), or table={self.values!r}"
            )
        given = tuple(self.values)
        if bool(given) == bool(self.table):
            raise BadInput(f"OneOf({self.column!r}): give the allowed values, or the table= that has them")
        if any(value is None or value != value for value in given):
            raise BadInput(f"OneOf({self.column!r}): a missing value keeps every rule; leave it out, and see Present")
        object.__setattr__(self, "values", tuple(dict.fromkeys(given)))
        object.__setattr__(self, "of", self.of or self.column if self.table else "")

    def says(self) -> str:
        if self.table:
            return f"{self.column} is one of {self.of} in {self.table}"
        more = f" … ({len(self.values)} in all)" if len(self.values) > SHOWN else ""
        return f"{self.column} is one of {', '.join(map(repr, self.values[:SHOWN]))}{more}"

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        field = plain(schema, self.column, "OneOf")
        if self.table:
            other = others[self.table].need(self.of, f"OneOf ({self.table})")
            if other.type != field.type:
                raise WrongType(self.of, f"OneOf ({self.table})", other.type, field.type, "cast one of them")
            return
        try:
            pl.Series(list(self.values), strict=True).cast(dtypes_of(Schema.of(field))[self.column])
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise BadInput(f"{self.says()}: column {self.column!r} is {field.type}, and its values are not") from error

    def judge(self, learned: pl.DataFrame | None, tables: Tables) -> Judge:
        if not self.table:
            return super().judge(learned, tables)
        known: set[Any] = set()
        for frame in tables[self.table]():
            known.update(frame[self.of].drop_nulls().unique().to_list())
        if not known:
            raise BadInput(f"{self.says()}: the reference has no value, so every row would break it")
        allowed = replace(self, values=tuple(sorted(known)), table="", name=self.label)
        return allowed.judge(None, tables)

    def broken(self) -> pl.Expr:
        # As a membership in values of the column's own type: a text is not compared with a number.
        return ~pl.col(self.column).is_in(list(self.values))

    def words(self, row: Row) -> str:
        return f"{self.column} is {row[self.column]!r}, {_rest(self)}"


@rule("matches")
@dataclass(frozen=True)
class Matches(RowRule):
    """The whole text fits a regular expression (of Rust's regex crate: no look-around, no back references).

    A missing value keeps the rule: see Present.

    >>> Matches("imdbID", r"tt[0-9]{7,8}").says()
    "imdbID matches 'tt[0-9]{7,8}'"
    """

    column: str
    pattern: str

    def __post_init__(self) -> None:
        try:
            pl.Series([""]).str.contains(self.whole)
        except pl.exceptions.PolarsError as error:
            why = next(_lines(str(error)), "")
            raise BadInput(f"Matches({self.column!r}): {self.pattern!r} is no regular expression here: {why}") from None

    @property
    def whole(self) -> str:
        return rf"\A(?:{self.pattern})\z"

    def says(self) -> str:
        return f"{self.column} matches {self.pattern!r}"

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        text(schema, self.column, "Matches")

    def broken(self) -> pl.Expr:
        return ~pl.col(self.column).str.contains(self.whole)

    def words(self, row: Row) -> str:
        return f"{self.column} is {row[self.column]!r}, which does not match {self.pattern!r}"


def _rest(rule: OneOf) -> str:
    """What a value must be, in words, without the column's name where that begins them."""
    return f"it must be {rule.label.removeprefix(f'{rule.column} is ')}"


def _lines(text: str) -> Iterator[str]:
    return islice((line.strip() for line in text.splitlines() if line.strip()), 1)
