"""Pieces of whatever size, cut anew into pieces of one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl


def rechunk(pieces: Iterable[pl.DataFrame], rows: int, copy: bool = True) -> Iterator[pl.DataFrame]:
    """The rows of ``pieces`` in order, ``rows`` at a time; only the last piece may have fewer, and none is empty.

    copy : each column in one piece of memory; False: as views of ``pieces``

    >>> [len(piece) for piece in rechunk([pl.DataFrame({"x": range(5)}), pl.DataFrame({"x": range(2)})], 3)]
    [3, 3, 1]
    """
    waiting: list[pl.DataFrame] = []
    held = 0
    for piece in pieces:
        start = 0
        while held + piece.height - start >= rows:
            take = rows - held
            yield pl.concat([*waiting, piece.slice(start, take)], rechunk=copy)
            waiting, held, start = [], 0, start + take
        if start < piece.height:
            waiting.append(piece.slice(start))
            held += piece.height - start
    if waiting:
        yield pl.concat(waiting, rechunk=copy)
