"""How often each value occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from instar.data.rows.zeros import keyed
from instar.data.summaries.summary import Summary, column_of, same, summary
from instar.data.summaries.values import Value, common_type, in_order, kept_type, of_plain, to_plain


@summary("frequencies")
@dataclass(frozen=True)
class Frequencies(Summary):
    """The exact count of each value of a column: a vocabulary, the mode, the top values. Missing values are left out.

    Its size is that of the vocabulary; for a column of ids take FrequentItems.
    counts : value -> rows;  kind : the type of the column, in words

    >>> one, two = pl.DataFrame({"x": ["a", "b"]}), pl.DataFrame({"x": ["b", None]})
    >>> (Frequencies.of(one, "x") | Frequencies.of(two, "x")).top(1)
    [('b', 2)]
    """

    guarantee = "exact"
    counts: Mapping[Value, int] = field(default_factory=dict)
    kind: str = "null"

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        [name] = columns
        series = column_of(frame, name, "frequencies").drop_nulls()
        kind = kept_type(series, "frequencies")
        table = keyed(series).alias("value").value_counts(name="rows")
        return cls(dict(zip(table["value"].to_list(), table["rows"].to_list())), kind)

    def top(self, limit: int | None = None) -> list[tuple[Value, int]]:
        """The commonest values first, ties by value."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], in_order(item[0])))[:limit]

    def __or__(self, other: Self) -> Self:
        if self.kind != other.kind and "null" not in (self.kind, other.kind):
            same(self.kind, other.kind, "frequencies")
        return type(self)(added(self.counts, other.counts), common_type(self.kind, other.kind))

    def _plain(self) -> Any:
        values = sorted(self.counts, key=in_order)
        return [self.kind, to_plain(values, self.kind), [self.counts[value] for value in values]]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        kind, values, counts = plain
        return cls(dict(zip(of_plain(values, kind), counts)), kind)


def added(left: Mapping[Value, int], right: Mapping[Value, int]) -> dict[Value, int]:
    """Counts added key by key. (A Counter's ``+`` would drop nothing here, and costs three times as much.)"""
    total = dict(left)
    for value, count in right.items():
        total[value] = total.get(value, 0) + count
    return total
