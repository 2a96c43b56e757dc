"""Packed rows become the frame that a bundle predicts from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.schema import Field
from instar.base.types import dtype_of
from instar.serve.wire import python_type

_ARRAY_32 = b"\xdd"  # msgpack: an array, its length in the next 4 bytes, big-endian


class RowFrames:
    """Makes frames with the columns ``wanted`` from rows packed in the order of ``columns``.

    >>> rows = msgspec.msgpack.encode((2009, "Up")) + msgspec.msgpack.encode((None, "Cars"))
    >>> frames = RowFrames([Field("Year", "int64"), Field("Title", "string")], ["Year"])
    >>> frames.frame(rows, 2).to_dicts()
    [{'Year': 2009}, {'Year': None}]
    """

    def __init__(self, columns: Sequence[Field], wanted: Sequence[str]) -> None:
        places = {field.name: place for place, field in enumerate(columns)}
        self._wanted = [(places[name], name, dtype_of(columns[places[name]].type)) for name in wanted]
        types: tuple[Any, ...] = tuple(python_type(field.type) | None for field in columns)
        self._decode = msgspec.msgpack.Decoder(list[tuple[types]]).decode  # type: ignore[valid-type]
        self._numbers = self._numbers_layout(columns)
        self._same = [place for place, *_ in self._wanted] == list(range(len(columns)))
        self._names = list(wanted)

    @staticmethod
    def _numbers_layout(columns: Sequence[Field]) -> np.dtype[Any] | None:
        """How rows of float64 lie in msgpack when none is null: a head, then for each a tag and 8 bytes."""
        if not columns or any(field.type != "float64" for field in columns):
            return None
        head = 1 if len(columns) < 16 else 3 if len(columns) < 1 << 16 else 5
        return np.dtype([("head", f"S{head}"), ("cells", [("tag", "u1"), ("value", ">f8")], (len(columns),))])

    def frame(self, rows: bytes | memoryview, count: int) -> pl.DataFrame:
        """``count`` rows, back to back."""
        if (numbers := self.numbers(rows, count)) is not None:
            # one series a batch and not one a column: 64 series of their own cost 0.6 ms
            table = pl.Series(values=numbers, dtype=pl.Array(pl.Float64, numbers.shape[1]))
            return table.arr.to_struct(self._names).struct.unnest()
        values = self._decode(b"".join((_ARRAY_32, count.to_bytes(4, "big"), rows)))
        columns = list(zip(*values))
        return pl.DataFrame([pl.Series(name, columns[place], dtype) for place, name, dtype in self._wanted])

    def numbers(self, rows: bytes | memoryview, count: int) -> NDArray[np.float64] | None:
        """The same as a matrix of shape (count, wanted), when all columns are float64 and none is null; else None.

        The bytes are read in place, without one Python object a cell.
        """
        if self._numbers is None or len(rows) != count * self._numbers.itemsize:
            return None
        cells = np.frombuffer(rows, self._numbers)["cells"]["value"]
        if not self._same:
            cells = cells[:, [place for place, *_ in self._wanted]]
        return np.ascontiguousarray(cells, dtype=np.float64)
