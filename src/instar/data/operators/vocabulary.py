"""What one-hot, multi-hot and TF-IDF learn: the terms of a block, and how to make its rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Indices = NDArray[np.int64]
Term = bool | int | str


class Vocabulary(msgspec.Struct, frozen=True, dict=True):
    """terms : sorted, one for each place of the block;  rows : texts or values seen in training

    dropped : how many terms were seen and pruned
    """

    terms: tuple[Term, ...]
    rows: int = 0
    dropped: int = 0

    @cached_property
    def places(self) -> dict[Term, int]:
        return {term: place for place, term in enumerate(self.terms)}

    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self.terms))

    def words(self, of: str) -> str:
        """How many there are, and which, for people."""
        if not self.terms:
            return f"no {of} was seen, so the block is empty"
        shown = ", ".join(map(str, self.terms[:5])) + (", …" if len(self.terms) > 5 else "")
        pruned = f"; {self.dropped} rarer ones were left out" if self.dropped else ""
        return f"{len(self.terms)} {of} learned from {self.rows} values ({shown}){pruned}"


def places_of(rows: Sequence[Sequence[Term]], places: dict[Term, int]) -> tuple[Indices, Indices]:
    """Row and place of each known term, both of shape (terms,), in the order of the rows."""
    find = places.get
    found = [[place for term in row if (place := find(term)) is not None] for row in rows]
    lengths = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    flat = np.fromiter((place for row in found for place in row), dtype=np.int64, count=int(lengths.sum()))
    return np.repeat(np.arange(len(found)), lengths), flat


def counted(rows: Indices, flat: Indices, width: int) -> tuple[Indices, Indices, Indices]:
    """Row, place and count of each pair that occurs, sorted by row and then by place."""
    pairs, counts = np.unique(rows * max(width, 1) + flat, return_counts=True)
    row, place = np.divmod(pairs, max(width, 1))
    return row, place, counts


def block(rows: Indices, flat: Indices, values: NDArray[np.float32], shape: tuple[int, int]) -> csr_array:
    """A block from its entries, which are sorted by row and then by place."""
    starts = np.zeros(shape[0] + 1, dtype=np.int32)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=starts[1:])
    return csr_array((values, flat.astype(np.int32), starts), shape=shape)
