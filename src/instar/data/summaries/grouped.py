"""Another summary, taken in each group of equal values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from instar.data.rows.zeros import keyed
from instar.data.summaries.contingency import Key
from instar.data.summaries.summary import SUMMARIES, Summary, column_of, same, summary
from instar.data.summaries.values import common_type, in_order, kept_type, of_plain, to_plain


@summary("grouped")
@dataclass(frozen=True)
class Grouped(Summary):
    """The summary named ``inner`` of the last column, for each combination of values of the columns before it.

    A missing value among those is a value here (None). Its size is that of a summary a group.
    groups : values, in the order of the columns -> summary;  kinds : the columns' types, in words

    >>> rows = pl.DataFrame({"Genre": ["War", "War", "Noir"], "Runtime": [90, 110, 80]})
    >>> {key: one.mean for key, one in Grouped.of(rows, "Genre", "Runtime", inner="moments").groups.items()}
    {('War',): 100.0, ('Noir',): 80.0}
    """

    guarantee = "that of the summary in each group"
    inner: str = "counts"
    groups: Mapping[Key, Summary] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, inner: str = "counts") -> Self:
        *by, value = (column_of(frame, name, "grouped") for name in columns)
        kinds = tuple(kept_type(one, "grouped") for one in by)
        # columns are numbered, since two may be one column
        keys = [keyed(one).alias(str(at)) for at, one in enumerate(by)]
        table = pl.DataFrame([*keys, value.alias("value")])
        parts = table.partition_by(*(key.name for key in keys), as_dict=True, include_key=False)
        return cls(inner, {key: SUMMARIES[inner].of(part, "value") for key, part in parts.items()}, kinds)

    def __or__(self, other: Self) -> Self:
        same(self.inner, other.inner, "grouped")
        if not self.kinds or not other.kinds:
            return self if self.kinds else other
        kinds = tuple(common_type(left, right) for left, right in zip(self.kinds, other.kinds))
        if any(left != kind and left != "null" for one in (self, other) for left, kind in zip(one.kinds, kinds)):
            same(self.kinds, other.kinds, "grouped")
        total = dict(self.groups)
        for key, found in other.groups.items():
            total[key] = total[key] | found if key in total else found
        return type(self)(self.inner, total, kinds)

    def _plain(self) -> Any:
        keys = sorted(self.groups, key=lambda key: tuple(map(in_order, key)))
        columns = [to_plain([key[at] for key in keys], kind) for at, kind in enumerate(self.kinds)]
        return [self.inner, list(self.kinds), columns, [self.groups[key].to_bytes() for key in keys]]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        inner, kinds, columns, found = plain
        values = [of_plain(column, kind) for column, kind in zip(columns, kinds)]
        summaries = (SUMMARIES[inner].from_bytes(data) for data in found)
        return cls(inner, dict(zip(zip(*values), summaries)), tuple(kinds))
