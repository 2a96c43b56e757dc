"""One row of each key, across chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.rows import row_digests
from instar.base.schema import Schema
from instar.data.steps.options import Names, names, one_of
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step

Keep = Literal["first", "last", "none"]
Words = NDArray[np.uint64]
_SEEDS = (0, 0x5EED)  # of the two halves of a digest


@table_step("distinct")
@dataclass(frozen=True, init=False)
class Distinct(TableStep):
    """One row of each key ``on`` (all columns when none is named), in the order of the table.

    keep : ``first``, ``last``, or ``none`` (only rows whose key no other row has)

    Two keys are one when their digests of 128 bits are equal: nulls are equal, -0.0 is 0.0, every NaN is the same. By
    chance that happens to two of a billion different keys once in 10**20 tables. Memory: 16 bytes a different key; for
    ``last`` and ``none``, which read the table twice, 17 bytes a row. With ``first``, more rows at the end of the table
    change nothing in what was kept before.
    told : ``read``, ``kept``, ``duplicates`` (rows)

    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"ID": [1, 2, 1], "Title": ["a", "b", "c"]})
    >>> take(Distinct("ID"), films[:2], films[2:])["out"]["Title"].to_list()
    ['a', 'b']
    """

    on: tuple[str, ...] = ()
    keep: Keep = "first"
    across_rows = False

    def __init__(self, on: Names = (), keep: Keep = "first") -> None:
        self._keep(on=names(on), keep=one_of(keep, Keep, "Distinct", "keep"))

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.on, "Distinct")
        return {"out": schema}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"read": 0, "kept": 0, "duplicates": 0}
        for frame, kept in self._first(tables["table"]) if self.keep == "first" else self._last(tables["table"]):
            made = frame.filter(pl.Series(kept))
            told["read"] += frame.height
            told["kept"] += made.height
            told["duplicates"] = told["read"] - told["kept"]
            yield {"out": made}

    def _first(self, rows: Rows) -> Iterator[tuple[pl.DataFrame, NDArray[np.bool_]]]:
        seen = Seen()
        for frame in rows():
            yield frame, seen.new(self._digests(frame))

    def _last(self, rows: Rows) -> Iterator[tuple[pl.DataFrame, NDArray[np.bool_]]]:
        digests = [self._digests(frame) for frame in rows()]
        if not digests:
            return
        halves = (np.concatenate([pair[half] for pair in digests]) for half in (0, 1))
        whole = pl.DataFrame(dict(zip(("high", "low"), halves)))
        every = pl.struct("high", "low")
        kept = (
            whole.select(every.is_last_distinct() if self.keep == "last" else every.is_unique()).to_series().to_numpy()
        )
        del whole, digests
        at = 0
        for frame in rows():
            yield frame, kept[at : at + frame.height]
            at += frame.height

    def _digests(self, frame: pl.DataFrame) -> tuple[Words, Words]:
        on = self.on or [name for name in frame.columns if not name.startswith("__")]
        high, low = (row_digests(frame, on, seed) for seed in _SEEDS)
        return high, low


class Seen:
    """The digests of keys so far, as sorted runs, of which each is at least twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[tuple[Words, Words]] = []

    def new(self, digests: tuple[Words, Words]) -> NDArray[np.bool_]:
        """Which of these keys come for the first time; they count as seen from now on."""
        frame = pl.DataFrame({"high": digests[0], "low": digests[1]})
        first = np.array(frame.select(pl.struct("high", "low").is_first_distinct()).to_series().to_numpy())
        for run in self._runs:
            first &= ~_found(run, digests)
        if first.any():
            self._add((digests[0][first], digests[1][first]))
        return first

    def _add(self, run: tuple[Words, Words]) -> None:
        while self._runs and len(self._runs[-1][0]) < 2 * len(run[0]):
            last = self._runs.pop()
            run = (np.concatenate([last[0], run[0]]), np.concatenate([last[1], run[1]]))
        order = np.argsort(run[0], kind="stable")
        self._runs.append((run[0][order], run[1][order]))


def _found(run: tuple[Words, Words], digests: tuple[Words, Words]) -> NDArray[np.bool_]:
    """Which digests the sorted run has. Neighbours with equal first halves, very rare, are all looked at."""
    high, low = run
    at = np.searchsorted(high, digests[0])
    found = np.zeros(len(at), dtype=bool)
    same = np.ones(len(at), dtype=bool)
    while same.any():
        inside = np.minimum(at, len(high) - 1)
        same &= (at < len(high)) & (high[inside] == digests[0])
        found |= same & (low[inside] == digests[1])
        at = at + 1
    return found
