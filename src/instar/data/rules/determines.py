"""Columns that determine another: each city lies in one state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Schema
from instar.data.operators.types import plain
from instar.data.rules.keys import COUNT, Names, added, counted, keyed, names_of, told, whole
from instar.data.rules.rule import AcrossRule, Judge, Tables, Verdict, rule

_RIGHT, _MOST, _ALL = "__right", "__most", "__all"


@rule("determines")
@dataclass(frozen=True)
class Determines(AcrossRule):
    """Rows with the same values of ``by`` have the same value of ``column``.

    by : one column or several;  table : a reference that says which value that is (with columns of these names)

    Without a reference the table itself does: rows that disagree with the commonest value of their group break the rule;
    where no value is the commonest, all rows of the group do. ``correct()`` puts in the commonest, or the reference's,
    value; where there is none the row is set apart. A missing value, or key, keeps the rule, as does a key that the
    reference does not have. A reference that contradicts itself is an error.
    Memory: every distinct pair of key and value.

    >>> Determines("city", "state").says(), Determines("city", "state", table="cities").says()
    ('city determines state', 'city determines state, by cities')
    """

    has_right: ClassVar[bool] = True
    by: Names
    column: str
    table: Any = ""  # a name; in a dataflow the table itself

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", names_of(self.by, "Determines"))
        if self.column in self.key:
            raise BadInput(f"Determines: {self.column!r} is determined by itself; name another column")

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that determine the other."""
        return names_of(self.by, "Determines")

    @property
    def across_rows(self) -> bool:  # type: ignore[override]
        return not self.table

    def says(self) -> str:
        verb = "determines" if len(self.key) == 1 else "determine"
        return f"{', '.join(self.key)} {verb} {self.column}" + (f", by {self.table}" if self.table else "")

    def reads(self) -> tuple[str, ...]:
        return (*self.key, self.column)

    def corrected_column(self) -> str:
        return self.column

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        for column in self.reads():
            field = plain(schema, column, "Determines")
            if (
                self.table
                and (other := others[self.table].need(column, f"Determines ({self.table})")).type != field.type
            ):
                raise WrongType(column, f"Determines ({self.table})", other.type, field.type, "cast one of them")

    @property
    def learns(self) -> bool:
        return not self.table

    def part(self, frame: pl.DataFrame) -> pl.DataFrame:
        return counted(keyed(frame, self.reads()))

    def merged(self, parts: pl.DataFrame) -> pl.DataFrame:
        return added(parts)

    def judge(self, learned: pl.DataFrame | None, tables: Tables) -> Judge:
        by = list(self.key)
        known = _commonest(learned, by, self.column) if learned is not None else self._reference(tables)

        def look(frame: pl.DataFrame) -> Verdict:
            found = keyed(frame, self.reads()).join(known, on=by, how="left", maintain_order="left")
            mine = pl.col(self.column)
            wrong = mine.is_not_null() & pl.col(_ALL).is_not_null() & mine.ne_missing(pl.col(_RIGHT))
            broken = found.select(wrong.alias("broken"))["broken"]
            reasons = [self._words(row) for row in found.filter(broken).iter_rows(named=True)]
            return Verdict(broken, reasons, found[_RIGHT])

        return look

    def _reference(self, tables: Tables) -> pl.DataFrame:
        parts = [counted(keyed(frame, self.reads())) for frame in tables[self.table]()]
        if not parts:
            raise BadInput(f"{self.says()}: the reference has no rows")
        found = _commonest(added(pl.concat(parts)), list(self.key), self.column)
        if (twice := found.filter(pl.col("__kinds") > 1)).height:
            key = told(twice.row(0, named=True), self.key)
            raise BadInput(
                f"{self.says()}: the reference gives {key} several values of {self.column}; correct it first"
            )
        return found

    def _words(self, row: dict[str, object]) -> str:
        key = told(row, self.key)
        if self.table:
            return f"{key} has {told({self.column: row[_RIGHT]}, [self.column])} in {self.table}, here {row[self.column]!r}"
        if row[_RIGHT] is None:
            return f"{key} has several values of {self.column}, none the commonest, here {row[self.column]!r}"
        common = told({self.column: row[_RIGHT]}, [self.column])
        return f"{key} has {common} in {row[_MOST]} of {row[_ALL]} rows, here {row[self.column]!r}"


def _commonest(counts: pl.DataFrame, by: list[str], column: str) -> pl.DataFrame:
    """For each key the commonest value (null: two are equally common), its rows, all rows, and how many values."""
    groups = counts.filter(whole(counts, by)).group_by(by, maintain_order=True)
    most = pl.col(COUNT) == pl.col(COUNT).max()
    return groups.agg(
        pl.when(most.sum() == 1).then(pl.col(column).filter(most).first()).alias(_RIGHT),
        pl.col(COUNT).max().alias(_MOST),
        pl.col(COUNT).sum().alias(_ALL),
        pl.len().alias("__kinds"),
    )
