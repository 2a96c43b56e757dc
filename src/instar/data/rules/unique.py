"""Keys that occur once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.types import plain
from instar.data.rules.keys import COUNT, Names, added, counted, keyed, names_of, told
from instar.data.rules.rule import AcrossRule, Judge, Tables, Verdict, rule

_SEEN = "__seen"


@rule("unique")
@dataclass(frozen=True)
class Unique(AcrossRule):
    """No two rows of the table have the same key.

    columns : of the key, one or several;  keep : ``first``: the rows after the first of a key break the rule;
    ``none``: all of them do, since nobody knows which is right. A key with a missing part is not compared.
    Memory: every distinct key and its count.

    >>> Unique("imdbID").says(), Unique(("Title", "Year"), keep="none").says()
    ('imdbID is unique', 'Title, Year are unique')
    """

    columns: Names
    keep: str = "first"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", names_of(self.columns, "Unique"))
        if self.keep not in ("first", "none"):
            raise BadInput(f"Unique: keep={self.keep!r} is unknown; use first or none")

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the key."""
        return names_of(self.columns, "Unique")

    def says(self) -> str:
        return f"{', '.join(self.key)} {'is' if len(self.key) == 1 else 'are'} unique"

    def reads(self) -> tuple[str, ...]:
        return self.key

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        for column in self.key:
            plain(schema, column, "Unique")

    def part(self, frame: pl.DataFrame) -> pl.DataFrame:
        return counted(keyed(frame, self.key))

    def merged(self, parts: pl.DataFrame) -> pl.DataFrame:
        return added(parts)

    def judge(self, learned: pl.DataFrame | None, tables: Tables) -> Judge:
        assert learned is not None
        keys, columns = learned.filter(pl.col(COUNT) > 1), list(self.key)
        before = keys.select(*columns, pl.lit(0, pl.Int64).alias(_SEEN))

        def look(frame: pl.DataFrame) -> Verdict:
            nonlocal before
            mine = keyed(frame, columns)
            found = mine.join(keys, on=columns, how="left", maintain_order="left")
            found = found.join(before, on=columns, how="left", maintain_order="left")
            place = found.select(pl.col(_SEEN) + pl.int_range(pl.len()).over(columns)).to_series()
            here = counted(mine).join(keys, on=columns, how="semi").rename({COUNT: _SEEN})
            before = pl.concat([before, here]).group_by(columns, maintain_order=True).agg(pl.col(_SEEN).sum())
            broken = found[COUNT].is_not_null() if self.keep == "none" else (place > 0).fill_null(False)
            rows = found.filter(broken).iter_rows(named=True)
            return Verdict(broken, [f"{told(row, columns)} is in {row[COUNT]} rows" for row in rows])

        return look
