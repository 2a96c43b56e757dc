"""The commonest values of a column with too many values to count them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from instar.data.rows.zeros import keyed
from instar.data.summaries.frequencies import added
from instar.data.summaries.summary import Summary, column_of, same, summary


@summary("frequent_items")
@dataclass(frozen=True)
class FrequentItems(Summary):
    """At most ``limit`` values, as text, with counts that are too low by at most ``error``.

    Misra-Gries: when more than ``limit`` values are counted, the count of the first one beyond is taken off all, and
    those at or below nothing go. A merge adds and does the same once more.
    Source: Agarwal et al. (2013), Mergeable summaries, ACM Trans. Database Systems 38(4), section 3.

    rows : values seen, missing ones left out;  error : rows by which a count may be too low

    >>> many = pl.DataFrame({"x": ["a"] * 5 + ["b", "c", "d"]})
    >>> FrequentItems.of(many, "x", limit=2)
    FrequentItems(limit=2, rows=8, error=1, counts={'a': 4})
    """

    guarantee = "a count is too low by at most `error` <= rows/(limit + 1), in any order; never too high"
    limit: int = 1024
    rows: int = 0
    error: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, limit: int = 1024) -> Self:
        [name] = columns
        series = keyed(column_of(frame, name, "frequent items")).drop_nulls().cast(pl.String)
        table = series.alias("value").value_counts(name="rows")
        counts = dict(zip(table["value"].to_list(), table["rows"].to_list()))
        return cls._cut(limit, len(series), 0, counts)

    @classmethod
    def _cut(cls, limit: int, rows: int, error: int, counts: dict[str, int]) -> Self:
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        excess = ranked[limit][1] if len(ranked) > limit else 0
        return cls(limit, rows, error + excess, {value: count - excess for value, count in ranked if count > excess})

    def top(self, limit: int | None = None) -> list[tuple[str, int]]:
        """The commonest values first, ties by value, with the lower bounds of their counts."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def __or__(self, other: Self) -> Self:
        same(self.limit, other.limit, "frequent items")
        rows, error = self.rows + other.rows, self.error + other.error
        return self._cut(self.limit, rows, error, added(self.counts, other.counts))

    def _plain(self) -> Any:
        return [self.limit, self.rows, self.error, sorted(self.counts.items())]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        limit, rows, error, counts = plain
        return cls(limit, rows, error, dict(counts))
