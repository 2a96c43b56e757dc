"""Arrow IPC: files (Feather version 2) and streams. Record batch by record batch, so a file need not fit in memory."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from instar.base.errors import BadInput
from instar.base.logical import canonical_frame
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.errors import FileEmpty
from instar.data.sources.parquet import check_same
from instar.data.sources.rechunk import rechunk
from instar.data.sources.source import source

_FILE = b"ARROW1"
_CONTINUES, _END = 0xFFFFFFFF, b"\xff\xff\xff\xff\0\0\0\0"
_HEADER_TYPE, _BODY_LENGTH = 1, 3  # fields of the table Message in Arrow's Message.fbs
_BATCH = 3


@source("arrow", suffixes=(".arrow", ".feather", ".ipc", ".arrows"), magic=(0, _FILE))
class ArrowSource:
    """Arrow files or streams with equal names and types, in the order of their names. The types are in the files."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)

    def files(self) -> list[Path]:
        return list(self.paths)

    def describe(self) -> dict[str, Any]:
        return {"format": "arrow"}

    def schema(self) -> Schema:
        return self._checked[0]

    def rows(self) -> int:
        return self._checked[1]

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        names = list(self.schema().names)
        for path in self.paths:
            yield from rechunk((canonical_frame(piece.select(names)) for piece in self._pieces(path, rows)), rows)

    @cached_property
    def _checked(self) -> tuple[Schema, int]:
        schemas, rows = [], 0
        for path in self.paths:
            if not path.stat().st_size:
                raise FileEmpty(path)
            first: pl.DataFrame | None = None
            for piece in self._pieces(path, 1 << 16):
                first = piece.clear() if first is None else first
                rows += piece.height
            if first is None:
                raise BadInput(f"{path} has no Arrow schema in it; check that the file is whole")
            schemas.append(schema_of(canonical_frame(first)))
            check_same(schemas[0], schemas[-1], str(path))
        check_names(schemas[0].names, str(self.paths[0]))
        return schemas[0], rows

    def _pieces(self, path: Path, rows: int) -> Iterator[pl.DataFrame]:
        """The first piece tells the types and may be without rows."""
        with path.open("rb") as file:
            is_file = file.read(len(_FILE)) == _FILE
        try:
            if not is_file:
                yield from _stream(path)
                return
            lazy = pl.scan_ipc(path)
            yield pl.DataFrame(schema=lazy.collect_schema())
            yield from lazy.collect_batches(chunk_size=rows, maintain_order=True)
        except (pl.exceptions.PolarsError, struct.error) as error:
            why = (str(error).strip().splitlines() or ["it ends too early"])[0]
            raise BadInput(
                f"{path} cannot be read as Arrow: {why}; check that the file is whole, or give format="
            ) from error


def _stream(path: Path) -> Iterator[pl.DataFrame]:
    """The record batches of a stream. Polars reads a stream whole; so each is given to it as a stream of its own."""
    with path.open("rb") as file:
        before: list[bytes] = []  # the schema, and the dictionaries so far
        while message := _message(file, path):
            kind, data = message
            if kind == _BATCH:
                yield pl.read_ipc_stream(io.BytesIO(b"".join([*before, data, _END])))
                continue
            before.append(data)
            if len(before) == 1:
                yield pl.read_ipc_stream(io.BytesIO(data + _END))


def _message(file: BinaryIO, path: Path) -> tuple[int, bytes] | None:
    """The next message, its kind (1 schema, 2 dictionary, 3 record batch) first; None at the end."""
    head = file.read(8)
    if not head or head == _END:
        return None
    marker, length = struct.unpack("<Ii", head)
    if marker != _CONTINUES or length <= 0:
        raise BadInput(f"{path} is no Arrow stream (of version 0.15 or later); write it anew, or give format=")
    metadata = file.read(length)
    kind = _field(metadata, _HEADER_TYPE, "<B")
    size = _field(metadata, _BODY_LENGTH, "<q")
    body = file.read(size)
    if len(metadata) < length or len(body) < size:
        raise BadInput(f"{path} ends inside a record batch; copy it again from where it came")
    return kind, head + metadata + body


def _field(metadata: bytes, number: int, form: str) -> int:
    """A number in the root table of a flatbuffer; 0, the default, where it is left out."""
    (table,) = struct.unpack_from("<I", metadata, 0)
    (back,) = struct.unpack_from("<i", metadata, table)
    (size,) = struct.unpack_from("<H", metadata, table - back)
    place = 4 + 2 * number
    if place >= size:
        return 0
    (offset,) = struct.unpack_from("<H", metadata, table - back + place)
    return int(struct.unpack_from(form, metadata, table + offset)[0]) if offset else 0
