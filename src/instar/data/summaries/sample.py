"""Rows drawn by their content: the same rows whatever the chunks, for what needs rows themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.rows import row_digests
from instar.base.types import dtype_of, type_name
from instar.data.rows.zeros import one_zero
from instar.data.summaries.summary import Summary, same, summary

Words = NDArray[np.uint64]
Counts = NDArray[np.int64]


@summary("sample")
@dataclass(frozen=True, eq=False)
class Sample(Summary):
    """At most ``k`` different rows: those with the least seeded digests, each with how often it occurs.

    Every different row has the same chance to be drawn, with all its copies; so sums weighted by ``counts`` are unbiased,
    and a table of at most k different rows is kept whole.

    k : the most different rows kept;  seed : another one draws other rows;  rows : seen in all
    frame : the rows drawn, in the order of their digests;  digests, counts : of each, shape (rows drawn,)

    >>> one, two = pl.DataFrame({"x": [3, 1]}), pl.DataFrame({"x": [3, 2]})
    >>> (Sample.of(one, "x", k=9) | Sample.of(two, "x", k=9)).frame.with_columns(pl.Series("n", [2, 1, 1])).height
    3
    """

    guarantee = "exact: the same rows and counts whatever the chunks and their order"
    k: int = 1000
    seed: int = 0
    rows: int = 0
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    digests: Words = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    counts: Counts = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, k: int = 1000, seed: int = 0) -> Self:
        kept = frame.select(columns)
        kept = kept.with_columns(one_zero(pl.col(pl.Float32, pl.Float64).fill_nan(None)))
        found = row_digests(kept, columns, seed)
        return cls(k, seed, kept.height, *_least(kept, found, np.ones(kept.height, dtype=np.int64), k))

    @property
    def whole(self) -> bool:
        """Whether no row was left out."""
        return int(self.counts.sum()) == self.rows

    def __or__(self, other: Self) -> Self:
        same((self.k, self.seed), (other.k, other.seed), "sample")
        frame = pl.concat([self.frame, other.frame], how="vertical_relaxed")
        digests = np.concatenate([self.digests, other.digests])
        counts = np.concatenate([self.counts, other.counts])
        return type(self)(self.k, self.seed, self.rows + other.rows, *_least(frame, digests, counts, self.k))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sample) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def _plain(self) -> Any:
        columns = [[each.name, type_name(each.dtype), each.to_physical().to_list()] for each in self.frame]
        return [self.k, self.seed, self.rows, columns, self.digests.tolist(), self.counts.tolist()]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        k, seed, rows, columns, digests, counts = plain
        frame = pl.DataFrame([_column(*column) for column in columns])
        return cls(k, seed, rows, frame, np.array(digests, dtype=np.uint64), np.array(counts, dtype=np.int64))


def _column(name: str, kind: str, values: list[Any]) -> pl.Series:
    dtype = dtype_of(kind)
    physical = pl.Series([], dtype=dtype).to_physical().dtype
    return pl.Series(name, values, dtype=physical).cast(dtype)


def _least(frame: pl.DataFrame, digests: Words, counts: Counts, k: int) -> tuple[pl.DataFrame, Words, Counts]:
    """The ``k`` rows of the least digests, equal ones as one, in the order of their digests."""
    found, first, places = np.unique(digests, return_index=True, return_inverse=True)
    total = np.bincount(places, weights=counts, minlength=found.size).astype(np.int64)
    return frame[first[:k].astype(np.int64)], found[:k], total[:k]
