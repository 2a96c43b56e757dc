"""Rows between operators: a table of plain columns, and blocks of many values a row beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from instar.base.errors import ColumnMissing, WrongType
from instar.data.rows.block import Block

Floats = NDArray[np.float64]
Matrix = Floats | csr_matrix
# Width; where each row's entries start, shape (rows + 1,); the entries' places and values.
Piece = tuple[int, NDArray[np.int64], NDArray[np.int32], NDArray[np.floating]]
_EXACT = {pl.Float64, pl.Float32, pl.Int64, pl.Int32, pl.Int16, pl.Int8, pl.UInt32, pl.UInt16, pl.UInt8}


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows on their way through the operators.

    frame : the columns;  blocks : by column name. A block stands for the column of its
    name: where ``frame`` has one too, that is what the block was made from.
    """

    frame: pl.DataFrame
    blocks: dict[str, Block] = field(default_factory=dict)

    @property
    def height(self) -> int:
        return self.frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the frame, in order, then the blocks that stand for none of them."""
        return (*self.frame.columns, *(name for name in self.blocks if name not in self.frame.columns))

    def to_polars(self) -> pl.DataFrame:
        """One table, a block being a column of type ``Array(Float32, width)``."""
        if not self.blocks:
            return self.frame
        arrays = (
            pl.Series(name, block.toarray(), dtype=pl.Array(pl.Float32, block.width))
            for name, block in self.blocks.items()
        )
        return self.frame.with_columns_seq(*arrays)

    def matrix(self, columns: Iterable[str] | None = None) -> Matrix:
        """The columns side by side, float64, shape (rows, width): dense, or CSR as soon as there is a block.

        A missing number is NaN, truth is 1. Raises ColumnMissing, and WrongType for a column that holds no numbers.
        """
        names = self.columns if columns is None else tuple(columns)
        if _at_once(self.frame, names) and self.blocks.keys().isdisjoint(names):
            return self.frame.to_numpy(order="c", writable=True)
        dense: list[Floats] = []
        pieces: list[Piece] = []
        for name in names:
            if (block := self.blocks.get(name)) is None:
                dense.append(_numbers(self.frame, name))
                continue
            if dense:
                pieces.append(_sparse(dense))
                dense = []
            pieces.append((block.width, block.starts, block.places, block.values))
        if not pieces:
            return np.column_stack(dense) if dense else np.empty((self.height, 0))
        if dense:
            pieces.append(_sparse(dense))
        return _beside(pieces, self.height)


def _at_once(frame: pl.DataFrame, names: tuple[str, ...]) -> bool:
    """Whether the whole frame is wanted and becomes float64 in one call: on one row that costs a tenth."""
    types = set(frame.dtypes)
    return pl.Float64 in types and types <= _EXACT and tuple(frame.columns) == names


def _numbers(frame: pl.DataFrame, name: str) -> Floats:
    """A column as float64, shape (rows,), or (rows, width) for a column of arrays."""
    if name not in frame.columns:
        raise ColumnMissing(name, "matrix", frame.columns)
    series = frame.get_column(name)
    dtype = series.dtype
    if dtype == pl.Boolean:
        series = series.cast(pl.UInt8)  # numpy has no truth value for a missing one
    elif dtype == pl.Null:
        return np.full(len(series), np.nan)
    elif isinstance(dtype, pl.Array) and dtype.inner.is_numeric():
        return _arrays(series, dtype.size)
    elif not dtype.is_numeric():
        hint = f'put OneHot("{name}"), TfIdf("{name}"), Cast("{name}", to="float64") or the like into the preparation'
        raise WrongType(name, "matrix", str(dtype), "a column of numbers", hint)
    return np.asarray(series.to_numpy(), dtype=np.float64)


def _arrays(series: pl.Series, width: int) -> Floats:
    """A column of arrays as float64, shape (rows, width); a missing array is a row of NaN."""
    if width and not series.null_count():
        return series.to_numpy().astype(np.float64)
    values = np.full((len(series), width), np.nan)
    if width:
        values[series.is_not_null().to_numpy()] = (
            series.drop_nulls().explode().cast(pl.Float64).to_numpy().reshape(-1, width)
        )
    return values


def _sparse(columns: Sequence[Floats]) -> Piece:
    """Neighbouring dense columns as entries; zeros are left out, NaN is not."""
    values = np.column_stack(columns)
    kept = values != 0
    rows, places = np.nonzero(kept)
    starts = np.searchsorted(rows, np.arange(values.shape[0] + 1))
    return values.shape[1], starts, places.astype(np.int32), values[kept]


def _beside(pieces: Sequence[Piece], height: int) -> csr_matrix:
    """The pieces side by side. By hand: on one row scipy's hstack costs ten times what this does."""
    width = sum(piece[0] for piece in pieces)
    starts, places, values = _one_row(pieces) if height == 1 else _rows(pieces, height)
    index = np.int32 if starts[-1] < np.iinfo(np.int32).max else np.int64
    matrix: csr_matrix[np.float64] = csr_matrix((values, places, starts.astype(index)), shape=(height, width))
    matrix.has_canonical_format = True  # each piece is, and they are in order: nobody need check again
    return matrix


def _one_row(pieces: Sequence[Piece]) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
    """Entries one after another: the same as ``_rows`` at a third of its cost, and the row of a request pays it."""
    places, left = [], 0
    for width, _, at, _ in pieces:
        places.append(at + np.int32(left))
        left += width
    values = np.concatenate([piece[3] for piece in pieces], dtype=np.float64)
    return np.array([0, values.size]), np.concatenate(places), values


def _rows(pieces: Sequence[Piece], height: int) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
    """Each piece's entries go where the pieces to its left leave off in their row."""
    starts = np.zeros(height + 1, dtype=np.int64)
    for piece in pieces:
        starts += piece[1]
    places = np.empty(starts[-1], dtype=np.int32)
    values = np.empty(starts[-1], dtype=np.float64)
    ahead = starts[:-1].copy()  # where the next piece's entries of each row go
    left = 0
    for width, begins, at, entries in pieces:
        lengths = np.diff(begins)
        to = np.repeat(ahead - begins[:-1], lengths) + np.arange(at.size)
        places[to] = at + np.int32(left)
        values[to] = entries
        ahead += lengths
        left += width
    return starts, places, values
