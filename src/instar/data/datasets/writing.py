"""The chunks of a table that comes in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from instar.data.datasets.chunks import CHUNK_ROWS, Chunk, write_chunk
from instar.data.sources.rechunk import rechunk

if TYPE_CHECKING:
    from instar.store import Store


class ChunkWriter:
    """Pieces of whatever size become chunks of ``CHUNK_ROWS`` rows; each is written as soon as it is full.

    types : the columns of a table of which no piece comes;  first : the first piece without its rows, for its types
    """

    def __init__(self, store: Store, types: Mapping[str, pl.DataType]) -> None:
        self._store = store
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._chunks: list[Chunk] = []
        self._begun = False
        self.first = pl.DataFrame(schema=dict(types))

    def add(self, piece: pl.DataFrame) -> None:
        if not self._begun:
            self._begun, self.first = True, piece.clear()
        if piece.height:
            self._waiting.append(piece)
            self._rows += piece.height
        if self._rows >= CHUNK_ROWS:
            whole = list(rechunk(self._waiting, CHUNK_ROWS))
            self._waiting = [whole.pop()] if whole[-1].height < CHUNK_ROWS else []
            self._rows = sum(each.height for each in self._waiting)
            self._chunks += [write_chunk(self._store, each) for each in whole]

    def done(self) -> list[Chunk]:
        """All chunks; a table without rows is one chunk without rows."""
        if self._rows or not self._chunks:
            self._chunks.append(write_chunk(self._store, pl.concat(self._waiting) if self._waiting else self.first))
        self._waiting, self._rows = [], 0
        return self._chunks
