"""The digest that a row carries from the split on, so that the gate can see whether two sides share a row.

It is taken over all columns of the split table except ids (the split's key and columns of role ``id``), whatever subset
a model uses later, and travels as a hidden column through everything that keeps rows. Without a split it is taken where
the rows are read, over all columns but ids.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.rows import row_digests
from instar.base.schema import Schema

ROW = "__row__"


def compared_columns(schema: Schema, keys: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The columns that decide whether two rows are the same row."""
    columns = tuple(field.name for field in schema if field.role != "id" and field.name not in keys)
    return columns or schema.names  # a table of ids only: then they are all there is to compare


def with_row(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """The frame with the digests of its rows, unless they came with it."""
    if ROW in frame.columns:
        return frame
    return frame.with_columns(pl.Series(ROW, row_digests(frame, columns), dtype=pl.UInt64))


def to_bytes(digests: NDArray[np.uint64]) -> bytes:
    """Sorted little-endian words: equal sets of rows give equal bytes, whatever their order."""
    return np.sort(digests).astype("<u8").tobytes()
