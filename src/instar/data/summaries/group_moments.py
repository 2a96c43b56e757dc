"""Mean and variance of a column of numbers in each group of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from instar.base.errors import WrongType
from instar.data.rows.zeros import keyed
from instar.data.summaries.summary import Summary, column_of, same, summary
from instar.data.summaries.values import Value, common_type, in_order, kept_type, of_plain, to_plain

Key = tuple[Value, ...]
Group = tuple[int, float, float]  # rows, sum, sum of squared deviations


@summary("group_moments")
@dataclass(frozen=True)
class GroupMoments(Summary):
    """Count, sum and squared deviation of the last column, for each combination of values of the columns before it.

    A missing value of a grouping column is a value here (None); rows whose number is missing or infinite are left out.
    groups : combination -> (rows, sum, sum of squared deviations from the group's mean), in the unit of the number and in
    that unit squared;  kinds : the grouping columns' types, in words

    >>> rows = pl.DataFrame({"city": ["Rio", "Rio", None], "rent": [1.0, 3.0, 5.0]})
    >>> GroupMoments.of(rows, "city", "rent").groups
    {('Rio',): (2, 4.0, 2.0), (None,): (1, 5.0, 0.0)}
    """

    guarantee = (
        "counts exact; sums exact for whole numbers and truth values up to 2^53; else sums and deviations within 1e-12, "
        "relative to the greatest value, in any order"
    )
    groups: Mapping[Key, Group] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        *by, number = columns
        keys = [column_of(frame, name, "group moments") for name in by]
        kinds = tuple(kept_type(one, "group moments") for one in keys)
        values = column_of(frame, number, "group moments")
        if not (values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)):
            hint = "Cast it to a number first; for the classes of a target, TargetEncode takes classes=True"
            raise WrongType(number, "group moments", str(values.dtype), "a column of numbers", hint)
        # columns are numbered, since one may be called as another step calls its own
        parts = [keyed(one).alias(str(at)) for at, one in enumerate(keys)]
        numbers = values.cast(pl.Float64).alias("number")
        rows = pl.DataFrame([*parts, numbers]).filter(pl.col("number").is_finite())
        distinct = rows.drop("number").unique(maintain_order=True).with_row_index("group")
        place = rows.join(distinct, on=[one.name for one in parts], nulls_equal=True, maintain_order="left")["group"]
        return cls(_moments(distinct.drop("group").rows(), place.to_numpy(), rows["number"].to_numpy()), kinds)

    def __or__(self, other: Self) -> Self:
        if not self.kinds or not other.kinds:
            return self if self.kinds else other
        if len(self.kinds) != len(other.kinds) or any(
            left != right and "null" not in (left, right) for left, right in zip(self.kinds, other.kinds)
        ):
            same(self.kinds, other.kinds, "group moments")
        kinds = tuple(common_type(left, right) for left, right in zip(self.kinds, other.kinds))
        groups = dict(self.groups)
        for key, group in other.groups.items():
            groups[key] = joined(groups[key], group) if key in groups else group
        return type(self)(groups, kinds)

    def _plain(self) -> Any:
        keys = sorted(self.groups, key=lambda key: tuple(map(in_order, key)))
        columns = [to_plain([key[at] for key in keys], kind) for at, kind in enumerate(self.kinds)]
        return [list(self.kinds), columns, [list(self.groups[key]) for key in keys]]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        kinds, columns, groups = plain
        values = [of_plain(column, kind) for column, kind in zip(columns, kinds)]
        return cls({key: (n, total, m2) for key, (n, total, m2) in zip(zip(*values), groups)}, tuple(kinds))


def joined(one: Group, other: Group) -> Group:
    """The moments of both groups' rows together (Chan, Golub & LeVeque 1983)."""
    n, gap = one[0] + other[0], other[1] / other[0] - one[1] / one[0]
    return n, one[1] + other[1], one[2] + other[2] + gap * gap * one[0] * (other[0] / n)


def _moments(keys: list[Key], place: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> dict[Key, Group]:
    """bincount adds one after another, so equal rows in equal order give equal bytes."""
    n = np.bincount(place, minlength=len(keys))
    total = np.bincount(place, weights=numbers, minlength=len(keys))
    gaps = numbers - (total / np.maximum(n, 1))[place]
    m2 = np.bincount(place, weights=gaps * gaps, minlength=len(keys))
    return dict(zip(keys, zip(n.tolist(), total.tolist(), m2.tolist())))
