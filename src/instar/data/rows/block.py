"""Many values a row, nearly all of them 0: what multi-hot and text give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


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
