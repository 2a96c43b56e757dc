"""A 64-bit digest of each row: who is on which side of a split, and whether two tables share a row.

The digest of a row follows from the names and values of its columns and the seed, and from nothing else: not from the
order of the columns, the chunk it lies in, the machine, or a library's version. Every cell gets 64 bits mixed with a
key made from the column's name; a row adds its cells and mixes once more. The mixer is splitmix64 (Steele, Lea & Flood
(2014), Fast splittable pseudorandom number generators, OOPSLA), a bijection of 64-bit words with full avalanche.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, ColumnMissing
from instar.base.logical import canonical_frame
from instar.base.types import type_name

Words = NDArray[np.uint64]
_WORD = (1 << 64) - 1
_EXACT = float(1 << 53)  # integers up to here have one float each


def row_digests(frame: pl.DataFrame, columns: Sequence[str], seed: int = 0) -> Words:
    """The digest of each row of ``frame`` over ``columns``, shape (rows,).

    A null differs from every value; -0.0 is 0.0; every NaN is the same; equal numbers of different types are equal.
    Raises ColumnMissing, and BadInput when no column is named.

    >>> rows = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    >>> bool((row_digests(rows, ["a", "b"]) == row_digests(rows, ["b", "a"])).all())
    True
    """
    if not columns:
        raise BadInput("row digests: no column is named, so all rows would be equal; name at least one")
    for name in columns:
        if name not in frame.columns:
            raise ColumnMissing(name, "row digests", frame.columns)
    start = np.uint64(_mix_word(seed & _WORD))
    total = np.zeros(frame.height, dtype=np.uint64)
    for series in canonical_frame(frame.select(*dict.fromkeys(columns))):
        total += mix(_cells(series) ^ np.uint64(_key("column", series.name)) ^ start)
    return mix(total ^ start)


def mix(words: Words) -> Words:
    """splitmix64's finaliser on each word."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _mix_word(word: int) -> int:
    return int(mix(np.array([word], dtype=np.uint64))[0])


def _key(*parts: str) -> int:
    """64 bits for a name: constants that keep columns, kinds of values and nulls apart."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8).digest(), "little")


def _cells(series: pl.Series) -> Words:
    """64 bits for each value of a column, nulls included."""
    cells = _values(series)
    if series.null_count():
        cells[series.is_null().to_numpy()] = _key("null")
    return cells


def _values(series: pl.Series) -> Words:
    dtype = series.dtype
    if dtype == pl.Null:
        return np.zeros(len(series), dtype=np.uint64)
    if dtype.is_float():
        return _floats(series.fill_null(0.0).cast(pl.Float64).to_numpy())
    if dtype == pl.String:
        return _texts(series)
    if dtype == pl.Binary:
        return _texts(series.bin.encode("hex"), "binary")
    if dtype.is_decimal() or dtype in (pl.Int128, pl.UInt128):
        return _texts(series.cast(pl.String), "decimal")
    if isinstance(dtype, pl.Array | pl.List):
        return _lists(series.arr.to_list() if isinstance(dtype, pl.Array) else series)
    if isinstance(dtype, pl.Struct):
        total = np.full(len(series), _key("struct"), dtype=np.uint64)
        for field in dtype.fields:
            total += mix(_cells(series.struct.field(field.name)) ^ np.uint64(_key("field", field.name)))
        return mix(total)
    if dtype == pl.UInt64:
        return _unsigned(series.fill_null(0).to_numpy())
    words = _words(series.to_physical().cast(pl.Int64).fill_null(0).to_numpy())
    kind = np.uint64(_key("time", type_name(dtype).partition("[")[0]) if dtype.is_temporal() else 0)
    return mix(words ^ kind)


def _words(values: NDArray[np.int64]) -> Words:
    return values.astype(np.int64).view(np.uint64)


def _unsigned(values: NDArray[np.uint64]) -> Words:
    """Apart from the negative numbers that have the same bits."""
    large = values > np.uint64(np.iinfo(np.int64).max)
    return mix(np.where(large, values ^ np.uint64(_key("large")), values))


def _floats(values: NDArray[np.float64]) -> Words:
    """A whole number has the bits of the integer, so that 5.0 is 5 and -0.0 is 0; every NaN has the same bits."""
    whole = (np.abs(values) <= _EXACT) & (np.trunc(values) == values)
    bits = np.where(np.isnan(values), np.nan, values).view(np.uint64) ^ np.uint64(_key("fraction"))
    integers = np.where(whole, values, 0.0).astype(np.int64).view(np.uint64)
    return mix(np.where(whole, integers, bits))


def _texts(series: pl.Series, kind: str = "string") -> Words:
    """blake2b of each distinct value, then gathered: a column with few values costs few digests."""
    keyed = blake2b(digest_size=8, key=_key(kind).to_bytes(8, "little"))
    distinct = series.drop_nulls().unique()
    hashed = np.frombuffer(b"".join(_digest_after(keyed, text) for text in distinct), dtype="<u8")
    gathered = series.replace_strict(distinct, pl.Series(hashed), default=None, return_dtype=pl.UInt64)
    return np.array(gathered.fill_null(0).to_numpy(), dtype=np.uint64)


def _digest_after(keyed: blake2b, text: str) -> bytes:
    """A copy of a keyed hasher is cheaper than a new one."""
    hasher = keyed.copy()
    hasher.update(text.encode())
    return hasher.digest()


def _lists(series: pl.Series) -> Words:
    """A list adds its values mixed with their places, and its length; sums wrap, so differences of sums hold."""
    lengths = series.list.len().fill_null(0).to_numpy().astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(ends[-1], dtype=np.int64) - np.repeat(ends[:-1], lengths)
    values = _cells(series.explode(empty_as_null=False, keep_nulls=False)) ^ mix(_words(places))
    running = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mix(values), dtype=np.uint64)])
    return mix(running[ends[1:]] - running[ends[:-1]] + mix(_words(lengths) ^ np.uint64(_key("list"))))
