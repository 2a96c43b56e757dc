"""How often each combination of values of several columns occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from instar.data.rows.zeros import keyed
from instar.data.summaries.frequencies import added
from instar.data.summaries.summary import Summary, column_of, same, summary
from instar.data.summaries.values import Value, common_type, in_order, kept_type, of_plain, to_plain

Key = tuple[Value, ...]


@summary("contingency")
@dataclass(frozen=True)
class Contingency(Summary):
    """The exact count of each combination of values; a missing value is a value here (None).

    counts : combination, in the order of the columns -> rows;  kinds : the columns' types, in words

    >>> rows = pl.DataFrame({"city": ["Rio", "Rio", None], "state": ["RJ", "RJ", "RJ"]})
    >>> Contingency.of(rows, "city", "state").counts
    {('Rio', 'RJ'): 2, (None, 'RJ'): 1}
    """

    guarantee = "exact"
    counts: Mapping[Key, int] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        series = [column_of(frame, name, "contingency") for name in columns]
        kinds = tuple(kept_type(one, "contingency") for one in series)
        # columns are numbered, since one may be called as the count is
        parts = [keyed(one).alias(str(at)) for at, one in enumerate(series)]
        table = pl.DataFrame(parts).group_by(pl.all(), maintain_order=True).len("rows")
        return cls({row[:-1]: row[-1] for row in table.rows()}, kinds)

    def __or__(self, other: Self) -> Self:
        if not self.kinds or not other.kinds:
            return self if self.kinds else other
        if len(self.kinds) != len(other.kinds) or any(
            left != right and "null" not in (left, right) for left, right in zip(self.kinds, other.kinds)
        ):
            same(self.kinds, other.kinds, "contingency")
        kinds = tuple(common_type(left, right) for left, right in zip(self.kinds, other.kinds))
        return type(self)(added(self.counts, other.counts), kinds)

    def _plain(self) -> Any:
        keys = sorted(self.counts, key=lambda key: tuple(map(in_order, key)))
        columns = [to_plain([key[at] for key in keys], kind) for at, kind in enumerate(self.kinds)]
        return [list(self.kinds), columns, [self.counts[key] for key in keys]]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        kinds, columns, counts = plain
        values = [of_plain(column, kind) for column, kind in zip(columns, kinds)]
        return cls(dict(zip(zip(*values), counts)), tuple(kinds))
