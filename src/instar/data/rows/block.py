"""Many values a row, nearly all of them 0: what multi-hot and text give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

_FEW = 1000  # rows whose different values are not worth looking for


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """The rows of one block. (scipy's own arrays cost 20 us to make, most of what a row may cost here.)

    starts : where each row's entries begin, shape (rows + 1,);  places : the entries' columns, ascending in each row
    values : float32, as many as places
    """

    width: int
    starts: NDArray[np.int64]
    places: NDArray[np.int32]
    values: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        return (self.starts.size - 1, self.width)

    def csr(self) -> csr_array[np.float32]:
        """As scipy has it."""
        return csr_array((self.values, self.places, self.starts), shape=self.shape)

    def toarray(self) -> NDArray[np.float32]:
        """Dense, shape (rows, width)."""
        dense = np.zeros(self.shape, dtype=np.float32)
        dense[self.rows(), self.places] = self.values
        return dense

    def rows(self) -> NDArray[np.int64]:
        """The row of each entry."""
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))

    def take(self, rows: NDArray[np.int64]) -> Block:
        """The rows at these places, in this order."""
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Block(self.width, starts, self.places[entries], self.values[entries])


def of_each_once(values: pl.Series, block: Callable[[pl.Series], Block]) -> Block:
    """``block(values)``, made of each different value once where there are many equal ones.

    >>> of_each_once(pl.Series("x", ["b", "a"] * 600), lambda few: counted(zip(few), {"a": 0, "b": 1})).values.size
    1200
    """
    if len(values) < _FEW or values.dtype.is_nested():
        return block(values)
    distinct = values.unique(maintain_order=True)
    if 2 * len(distinct) > len(values):
        return block(values)
    places = values.to_frame("value").join(
        distinct.to_frame("value").with_row_index("place"),
        on="value", how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    return block(distinct).take(places["place"].to_numpy().astype(np.int64))


def counted(rows: Iterable[Iterable[Any]], places: Mapping[Any, int]) -> Block:
    """How often each known term occurs in each row; ``places`` says which terms are known, and where they stand.

    >>> counted([["a", "c", "a", "unseen"], []], {"a": 0, "b": 1, "c": 2}).toarray().tolist()
    [[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    lengths: list[int] = [0]
    flat: list[int] = []
    counts: list[int] = []
    for row in rows:
        found: dict[int, int] = {}
        for term in row:
            if (place := places.get(term)) is not None:
                found[place] = found.get(place, 0) + 1
        ordered = sorted(found)
        lengths.append(len(ordered))
        flat += ordered
        counts += [found[place] for place in ordered]
    starts = np.array(list(accumulate(lengths)), dtype=np.int64)
    return Block(len(places), starts, np.array(flat, dtype=np.int32), np.array(counts, dtype=np.float32))
