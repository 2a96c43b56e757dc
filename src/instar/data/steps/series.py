"""What the steps over a series share: the rows of each group in their order, and what a chunk needs of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from instar.base.errors import BadInput
from instar.data.steps.step import Rows

_ALL = "__all__"


def keyed(frame: pl.DataFrame, by: Sequence[str], columns: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """These columns of ``frame``, and the names of its keys: a constant when there are no groups."""
    work = frame.select(*dict.fromkeys((*by, *columns)))
    return (work, list(by)) if by else (work.with_columns(pl.lit(0).alias(_ALL)), [_ALL])


def last_rows(work: pl.DataFrame, keys: Sequence[str], count: int) -> pl.DataFrame:
    """The last rows of each group, in their order."""
    return work.group_by(keys, maintain_order=True).tail(count).select(work.columns)


def first_rows(work: pl.DataFrame, keys: Sequence[str], count: int) -> pl.DataFrame:
    """The first rows of each group, in their order."""
    return work.group_by(keys, maintain_order=True).head(count).select(work.columns)


def following(
    rows: Rows,
    by: Sequence[str],
    head: Callable[[pl.DataFrame], pl.DataFrame],
    joined: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame],
) -> list[pl.DataFrame]:
    """For each chunk what comes after it, of the groups that it has: a pass of its own over the table.

    head : what earlier chunks may need of a chunk, a few rows a group;  joined : two of them, the nearer one first
    Memory: the heads of all chunks.
    """
    heads = [head(frame) for frame in rows()]
    found: list[pl.DataFrame] = []
    after: pl.DataFrame | None = None
    while heads:
        here = heads.pop()
        keys = list(by) or [_ALL]
        wanted = here.select(keys).unique()
        found.append(
            here.clear()
            if after is None
            else after.join(wanted, on=keys, how="semi", nulls_equal=True, maintain_order="left")
        )
        after = here if after is None else joined(here, after)
    return found[::-1]


class Order:
    """Finds the first row that comes before its time.

    step : that asks;  time : the column, "" when the order of the table is all there is;  by : each group for itself
    """

    def __init__(self, step: str, time: str, by: Sequence[str]) -> None:
        self._step = step
        self._time = time
        self._by = by
        self._rows = 0
        self._last: pl.DataFrame | None = None

    def check(self, frame: pl.DataFrame) -> None:
        """Look at the next chunk. Raises BadInput that names the row."""
        if not self._time or not frame.height:
            return
        work, keys = keyed(frame, self._by, [self._time])
        held = 0 if self._last is None else self._last.height
        work = work if self._last is None else pl.concat([self._last, work])
        time = pl.col(self._time)
        missing = time.is_null() | time.is_nan() if work.schema[self._time].is_float() else time.is_null()
        wrong = work.select(missing.alias("missing"), (time < time.shift(1).over(keys)).fill_null(False).alias("early"))
        for name in ("missing", "early"):
            if wrong[name].any():
                self._refuse(name, work, wrong[name].arg_true()[0], held)
        self._rows += frame.height
        self._last = last_rows(work, keys, 1)

    def _refuse(self, what: str, work: pl.DataFrame, at: int, held: int) -> None:
        row = self._rows + at - held
        key = "".join(f", {name} {work[name][at]!r}" for name in self._by)
        if what == "missing":
            raise BadInput(
                f"{self._step}: row {row} (counted from 0{key}) has no {self._time!r}; filter such rows out first"
            )
        asked = ", ".join(map(repr, (*self._by, self._time)))
        raise BadInput(
            f"{self._step}: row {row} (counted from 0{key}) has {self._time} {work[self._time][at]}, earlier than the row "
            f"before it; sort the table first: .sort([{asked}])"
        )
