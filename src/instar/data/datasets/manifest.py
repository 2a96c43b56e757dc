"""The manifest: which chunks, in which order, make a table."""

from __future__ import annotations

import io
from functools import cached_property

import msgspec
import polars as pl

from instar.base.digests import digest_value
from instar.base.schema import Schema
from instar.data.datasets.chunks import Chunk

LAYOUT = 1
_CHUNK = {"id": pl.String(), "digest": pl.String(), "file": pl.String(), "rows": pl.Int64(), "size": pl.Int64()}
_COLUMNS = {"schema": pl.String(), "chunks": pl.List(pl.Struct(_CHUNK))}


class Manifest(msgspec.Struct, frozen=True, dict=True):
    """The schema of a table and its chunks in order.

    >>> empty = Manifest(Schema.of())
    >>> Manifest.from_bytes(empty.to_bytes()) == empty
    True
    """

    schema: Schema
    chunks: tuple[Chunk, ...] = ()

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)

    @cached_property
    def digest(self) -> str:
        """Of the schema and of the chunks' logical contents: the same rows, whatever bytes hold them, give the same."""
        fields = [[field.name, field.type, field.unit, field.role] for field in self.schema]
        return digest_value(["manifest", LAYOUT, fields, [chunk.digest for chunk in self.chunks]])

    def to_bytes(self) -> bytes:
        """An Arrow IPC file of one row: the schema as JSON, and the list of the chunks."""
        columns = {
            "schema": [msgspec.json.encode(self.schema).decode()],
            "chunks": [[*map(msgspec.to_builtins, self.chunks)]],
        }
        buffer = io.BytesIO()
        pl.DataFrame(columns, schema=_COLUMNS).write_ipc(buffer, compression="uncompressed")
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        schema, chunks = pl.read_ipc(io.BytesIO(data)).row(0)
        return cls(msgspec.json.decode(schema, type=Schema), tuple(Chunk(**chunk) for chunk in chunks))
