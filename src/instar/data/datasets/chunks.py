"""Chunks: the Parquet files that hold a dataset version, some thousands of rows each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from instar.base.errors import Corrupt, NotFound
from instar.base.ids import content_id
from instar.base.logical import canonical_frame, logical_digest
from instar.store.keeping.tombstones import refuse_erased

if TYPE_CHECKING:
    from instar.store import Store

FILE = "data.parquet"  # of a chunk's node
CHUNK_ROWS = 65_536
ROW_GROUP_ROWS = 65_536  # bounded, whatever the chunk: readers hold whole row groups in memory
COMPRESSION_LEVEL = 3


class Chunk(msgspec.Struct, frozen=True):
    """A piece of a table.

    id : of the content node;  digest : of the logical content, equal for equal rows whatever wrote them
    file : digest of the blob with the Parquet bytes;  rows : how many;  size : of the blob, in bytes
    """

    id: str
    digest: str
    file: str
    rows: int
    size: int


def write_chunk(store: Store, frame: pl.DataFrame, project: str = "") -> Chunk:
    """Keep the rows of ``frame`` as a blob, durable on return. No node is written: whoever owns the chunk does that.

    Rows that the store has already keep the bytes that were written first. project : for which; raises Erased when it
    erased these rows
    """
    frame = canonical_frame(frame)
    digest = logical_digest(frame)
    id = content_id("chunk", digest)
    if project:
        refuse_erased(store.nodes, project, [id])
    for known in store.nodes.files([id]):
        if _is_sound(store, known.digest):
            return Chunk(id, digest, known.digest, frame.height, known.size)
    data = parquet_bytes(frame)
    return Chunk(id, digest, store.blobs.put(data), frame.height, len(data))


def _is_sound(store: Store, blob: str) -> bool:
    """Whether a blob is there and undamaged: importing a table again repairs what was damaged since."""
    try:
        store.blobs.read(blob)
    except (Corrupt, NotFound):
        return False
    return True


def read_chunk(store: Store, chunk: Chunk) -> pl.DataFrame:
    """The rows. Raises NotFound when the blob is gone, Corrupt when its bytes are not those that were written.

    A manifest of another store names the bytes that were written first there; those written first here hold the same rows.
    """
    try:
        data = store.blobs.read(chunk.file)
    except NotFound:
        data = _first_written(store, chunk)
    return pl.read_parquet(io.BytesIO(data))


def _first_written(store: Store, chunk: Chunk) -> bytes:
    others = [file.digest for file in store.nodes.files([chunk.id]) if file.path == FILE]
    return store.blobs.read(others[0] if others else chunk.file)


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Parquet with zstd and bounded row groups: equal frames give equal bytes in one version of Polars.

    >>> whole = pl.DataFrame({"x": [1, 2, 3]})
    >>> parquet_bytes(pl.concat([whole[:1], whole[1:]], rechunk=False)) == parquet_bytes(whole)
    True
    """
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        row_group_size=ROW_GROUP_ROWS,
        statistics=True,
    )
    return buffer.getvalue()
