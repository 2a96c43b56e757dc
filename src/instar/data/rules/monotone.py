"""Values that never fall from row to row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from instar.base.schema import Schema
from instar.data.operators.types import plain
from instar.data.rules.keys import Names, keyed, names_of, told
from instar.data.rules.rule import AcrossRule, Judge, Tables, Verdict, rule

_VALUE, _BEFORE = "__value", "__before"


@rule("monotone")
@dataclass(frozen=True)
class Monotone(AcrossRule):
    """In the table's order, a value is not below the one before it (of its group). The row with the lower value breaks it.

    by : the columns that make groups;  falling : not above, instead;  strict : not equal, either
    Missing values, and rows whose group is missing, are passed over. Memory: one value a group.

    >>> Monotone("time", by="station").says()
    'time never falls, for each station'
    """

    column: str
    by: Names = ()
    falling: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", names_of(self.by, "Monotone") if self.by else ())

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns that make groups."""
        return names_of(self.by, "Monotone") if self.by else ()

    def says(self) -> str:
        way = "rises" if self.falling else "falls"
        if self.strict:
            way = "falls at every row" if self.falling else "rises at every row"
        groups = f", for each {', '.join(self.groups)}" if self.groups else ""
        return f"{self.column} {way}{groups}" if self.strict else f"{self.column} never {way}{groups}"

    def reads(self) -> tuple[str, ...]:
        return (self.column, *self.groups)

    def corrected_column(self) -> str:
        return self.column

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        for column in self.reads():
            plain(schema, column, "Monotone")

    @property
    def learns(self) -> bool:
        """The value before is carried along."""
        return False

    def judge(self, learned: pl.DataFrame | None, tables: Tables) -> Judge:
        groups = [f"__{name}" for name in self.groups] or ["__one"]
        last: pl.DataFrame | None = None

        def look(frame: pl.DataFrame) -> Verdict:
            nonlocal last
            rows = _named(keyed(frame, self.reads()), self.column, self.groups, groups).with_row_index("__at")
            usable = rows.filter(pl.all_horizontal(pl.all().is_not_null()))
            carried = usable.clear() if last is None else last
            both = pl.concat([carried, usable])
            both = both.with_columns(pl.col(_VALUE).shift(1).over(groups).alias(_BEFORE))
            last = both.drop(_BEFORE).unique(groups, keep="last", maintain_order=True)
            found = both.slice(carried.height).filter(self._wrong())
            broken = pl.Series("broken", [False], dtype=pl.Boolean).new_from_index(0, frame.height)
            broken = broken.scatter(found["__at"], True) if found.height else broken
            return Verdict(broken, [self._words(row) for row in found.iter_rows(named=True)])

        return look

    def _wrong(self) -> pl.Expr:
        now, before = pl.col(_VALUE), pl.col(_BEFORE)
        wrong = now > before if self.falling else now < before
        return wrong | (now == before) if self.strict else wrong

    def _words(self, row: dict[str, object]) -> str:
        group = told({name: row[f"__{name}"] for name in self.groups}, self.groups)
        return f"{self.column} is {row[_VALUE]} after {row[_BEFORE]}" + (f" ({group})" if group else "")


def _named(keys: pl.DataFrame, column: str, by: tuple[str, ...], groups: list[str]) -> pl.DataFrame:
    parts = [pl.col(name).alias(group) for name, group in zip(by, groups)] or [pl.lit(0).alias("__one")]
    return keys.select(pl.col(column).alias(_VALUE), *parts)
