"""How samples draw: a number for each row that follows from the seed and the row, and the rows with the greatest scores."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.rows import row_digests
from instar.base.schema import Schema
from instar.data.steps.options import names
from instar.data.steps.step import Made, Rows, TableStep, Told

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
ROW, SCORE, ALL = "__at__", "__score__", "__all__"


class Draw(TableStep):
    """A step that keeps some rows of the table, in their order. A subclass is a frozen dataclass with key and seed.

    Each row has a number u between 0 and 1, made from ``seed`` and its place in the table, or from the values of ``key``:
    then rows with one key have one number, whatever else is in the table.
    """

    across_rows = False
    key: tuple[str, ...]
    seed: int

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.key, type(self).__name__)
        return {"out": schema}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"read": 0, "kept": 0, "share": 0.0}
        for frame, kept in self.drawn(tables["table"], told):
            told["read"] += frame.height
            told["kept"] += kept.height
            told["share"] = told["kept"] / told["read"] if told["read"] else 0.0
            yield {"out": kept}

    @abstractmethod
    def drawn(self, rows: Rows, told: Told) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Each chunk, and what is kept of it."""

    def numbers(self, frame: pl.DataFrame, start: int) -> Floats:
        """The number u of each row, in (0, 1). start : the place in the table of the first one"""
        if self.key:
            words = row_digests(frame, self.key, self.seed)
        else:
            places = pl.DataFrame({"row": np.arange(start, start + frame.height)})
            words = row_digests(places, ["row"], self.seed)
        return ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def luck(self, frame: pl.DataFrame, start: int) -> Floats:
        """-log(-log u): with log w added, the k greatest are a draw of k by weights w, without replacement.

        Source: Efraimidis & Spirakis (2006), Weighted random sampling with a reservoir, Information Processing Letters
        97(5); their u^(1/w) on a scale that no weight makes overflow.
        """
        return -np.log(-np.log(self.numbers(frame, start)))


def check_draw(step: str, key: str | Sequence[str], seed: int) -> tuple[tuple[str, ...], int]:
    """The key and the seed. Raises BadInput."""
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise BadInput(f"{step}: seed={seed!r}; give a whole number, such as seed=7")
    return names(key), seed


def numbered(rows: Rows) -> Iterator[tuple[int, pl.DataFrame]]:
    """Each chunk with the place in the table of its first row."""
    start = 0
    for frame in rows():
        yield start, frame
        start += frame.height


class Greatest:
    """The rows with the greatest scores of each stratum, of equal ones the earlier. Memory: these rows' keys and scores.

    keys : what a stratum is
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = list(keys) or [ALL]
        self._found: pl.DataFrame | None = None

    def add(self, start: int, scores: pl.Series, quota: int | pl.DataFrame, strata: pl.DataFrame | None = None) -> None:
        """The next rows; a null score is never drawn. quota : rows a stratum, or a frame of keys and ``quota``"""
        places = np.arange(start, start + len(scores))
        work = pl.DataFrame([scores.alias(SCORE), pl.Series(ROW, places)])
        work = work.with_columns(pl.lit(0).alias(ALL)) if strata is None else work.hstack(strata)
        work = work.select(*self._keys, SCORE, ROW).drop_nulls(SCORE)
        every = work if self._found is None else pl.concat([self._found, work])
        every = every.sort(SCORE, ROW, descending=[True, False])
        if isinstance(quota, int):
            self._found = every.group_by(self._keys, maintain_order=True).head(quota).select(work.columns)
            return
        place = pl.int_range(pl.len()).over(self._keys)
        joined = every.join(quota, on=self._keys, how="left", nulls_equal=True, maintain_order="left")
        self._found = joined.filter(place < pl.col("quota")).select(work.columns)

    @property
    def places(self) -> Places:
        """The places in the table of the rows that were drawn, ascending."""
        return np.zeros(0, dtype=np.int64) if self._found is None else np.sort(self._found[ROW].to_numpy())


def taken(rows: Rows, places: Places) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Each chunk, and its rows that stand at one of ``places`` of the table, which ascend."""
    for start, frame in numbered(rows):
        first, end = np.searchsorted(places, [start, start + frame.height])
        yield frame, frame[places[first:end] - start]
