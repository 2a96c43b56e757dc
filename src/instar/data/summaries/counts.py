"""Rows and missing values of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from instar.data.summaries.summary import Summary, column_of, summary


@summary("counts")
@dataclass(frozen=True)
class Counts(Summary):
    """How many rows there are, and in how many the value is missing.

    >>> Counts.of(pl.DataFrame({"Year": [1999, None]}), "Year") | Counts(rows=8, nulls=0)
    Counts(rows=10, nulls=1)
    """

    guarantee = "exact"
    rows: int = 0
    nulls: int = 0

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        [name] = columns
        return cls(frame.height, column_of(frame, name, "counts").null_count())

    @property
    def seen(self) -> int:
        """Rows whose value is there."""
        return self.rows - self.nulls

    def __or__(self, other: Self) -> Self:
        return type(self)(self.rows + other.rows, self.nulls + other.nulls)

    def _plain(self) -> Any:
        return [self.rows, self.nulls]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        return cls(*plain)
