"""The digest of a table's content, whatever library held it and however it was packed.

Equal names, types and values in equal order give equal digests. The layout that is hashed is Arrow's, made canonical:

    header   JSON: version of the layout, rows, [name, type] of each column
    a column validity bitmap (always there), then by type
             numbers and times   little-endian values; null slots 0; -0.0 as 0.0; one NaN; times in microseconds
             bool                a bitmap
             string, binary      64-bit offsets from 0, then the bytes end to end
             list, array         64-bit offsets from 0, then the values laid out as a column
             struct              its fields laid out as columns
             decimal, int128     their decimal text, laid out as strings
    each piece is preceded by its length in bytes, so that no two tables give the same stream
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.digests import canonical_json
from instar.base.types import kept, type_name

LAYOUT = 1


def logical_digest(frame: pl.DataFrame) -> str:
    """The digest of the content of ``frame``: 64 hexadecimal digits.

    >>> logical_digest(pl.DataFrame({"x": [0.0, None]})) == logical_digest(pl.DataFrame({"x": [-0.0, None]}))
    True
    >>> packed = pl.DataFrame({"x": pl.Series(["a", "b"], dtype=pl.Categorical)})
    >>> logical_digest(packed) == logical_digest(pl.DataFrame({"x": ["a", "b"]}))
    True
    """
    columns = [[series.name, type_name(series.dtype)] for series in frame]
    hasher = hashlib.sha256()
    header = canonical_json({"layout": LAYOUT, "rows": frame.height, "columns": columns})
    _add(hasher, header)
    for series in canonical_frame(frame):
        for piece in _pieces(series):
            _add(hasher, piece)
    return hasher.hexdigest()


def canonical_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with the types in which columns are kept: no categories, times in microseconds.

    >>> canonical_frame(pl.DataFrame({"x": ["a"]}, schema={"x": pl.Categorical})).dtypes
    [String]
    """
    changes = {name: kept(dtype) for name, dtype in frame.schema.items()}
    changes = {name: dtype for name, dtype in changes.items() if dtype != frame.schema[name]}
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in changes.items()) if changes else frame


def _add(hasher: hashlib._Hash, piece: bytes) -> None:
    hasher.update(len(piece).to_bytes(8, "little"))
    hasher.update(piece)


def _pieces(series: pl.Series) -> Iterator[bytes]:
    """The canonical bytes of a column, piece by piece."""
    yield np.packbits(series.is_not_null().to_numpy(), bitorder="little").tobytes()
    dtype = series.dtype
    if dtype.is_float():
        yield _floats(series)
    elif dtype == pl.String:
        yield from _strings(series)
    elif dtype == pl.Binary:
        filled = series.fill_null(b"")
        yield _offsets(filled.bin.size("b"))
        yield b"".join(filled)
    elif dtype == pl.Boolean:
        yield np.packbits(series.fill_null(False).to_numpy(), bitorder="little").tobytes()
    elif isinstance(dtype, pl.Array | pl.List):
        lists = series.arr.to_list() if isinstance(dtype, pl.Array) else series
        yield _offsets(lists.list.len().fill_null(0))
        yield from _pieces(lists.explode(empty_as_null=False, keep_nulls=False))
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _pieces(series.struct.field(field.name))
    elif dtype.is_decimal() or dtype in (pl.Int128, pl.UInt128):
        yield from _strings(series.cast(pl.String))
    elif dtype != pl.Null:
        yield _little_endian(series.to_physical().fill_null(0).to_numpy())


def _floats(series: pl.Series) -> bytes:
    values = series.fill_null(0.0).to_numpy() + 0.0  # adding makes -0.0 into 0.0
    values[np.isnan(values)] = np.nan
    return _little_endian(values)


def _strings(series: pl.Series) -> Iterator[bytes]:
    filled = series.fill_null("")
    yield _offsets(filled.str.len_bytes())
    joined: str = filled.str.join("").item()
    yield joined.encode()


def _offsets(lengths: pl.Series) -> bytes:
    ends = np.zeros(len(lengths) + 1, dtype="<i8")
    np.cumsum(lengths.to_numpy(), out=ends[1:])
    return ends.tobytes()


def _little_endian(values: NDArray[np.generic]) -> bytes:
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
