"""Tables that are read several times, chunk by chunk: what a fit in several passes needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import polars as pl

from instar.base.errors import BadInput, ColumnMissing
from instar.base.logical import canonical_frame
from instar.base.schema import Schema
from instar.data.rows.frames import schema_of, to_polars
from instar.data.sources.rechunk import rechunk
from instar.data.sources.source import Source

ROWS = 131_072  # of a chunk: 1 MB a column of floats, which a processor's cache holds


class Reading(Protocol):
    """A table of known schema; every reading gives the same chunks."""

    @property
    def schema(self) -> Schema: ...

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The chunks in order, with these columns at least."""
        ...


@runtime_checkable
class Version(Protocol):
    """A table in chunks of its own, such as a version of a dataset."""

    @property
    def schema(self) -> Schema: ...

    def frames(self) -> Iterator[pl.DataFrame]: ...


def reading(data: Any, rows: int = ROWS) -> Reading:
    """``data`` as chunks.

    data : a frame of any library (what ``to_polars`` takes) or a lazy Polars frame; a list of frames; a function without
    arguments that gives an iterator of frames; a version of a dataset, with its chunks; a path, a pattern or a list of
    paths (CSV, JSON, Parquet, SQLite, DuckDB)
    rows : the most in a chunk; what comes in smaller frames, or in the chunks of a dataset, stays in these

    Raises BadInput for an iterator, which can be read only once, and as the sources do.
    """
    if rows < 1:
        raise BadInput(f"fit: chunk_rows={rows}; a chunk has at least one row, {ROWS} is the default")
    if isinstance(data, pl.LazyFrame):
        return _Lazy(data, schema_of(data), rows)
    if isinstance(data, Iterator):
        raise BadInput(
            "fit: an iterator can be read once, and a fit may need several passes; give a function that makes one, "
            "such as lambda: frames()"
        )
    if isinstance(data, Version) and not isinstance(data, type):
        return _Chunks(data.frames, data.schema, None)
    if callable(data):
        return _Chunks(data, None, rows)
    if isinstance(data, list | tuple) and data and all(isinstance(part, str | Path) for part in data):
        return _of_files(list(data), rows)
    if isinstance(data, str | Path):
        return _of_files(data, rows)
    if isinstance(data, list | tuple) and not all(isinstance(row, dict) for row in data):
        frames = [to_polars(frame) for frame in data]
        return _Chunks(lambda: iter(frames), None, rows)
    if isinstance(data, list | tuple) and not data:
        raise BadInput("fit: there is no chunk to learn from; give at least one, also if it has no row")
    frame = to_polars(data)
    return _Chunks(lambda: iter([frame]), schema_of(frame), rows)


class _Chunks:
    """Frames from a function that can be called for every pass. rows : cut those that are larger; None: as they are"""

    def __init__(self, frames: Callable[[], Iterator[Any]], schema: Schema | None, rows: int | None) -> None:
        self._frames, self._rows = frames, rows
        self.schema = schema or self._first()

    def _first(self) -> Schema:
        first = next(iter(self._frames()), None)
        if first is None:
            raise BadInput("fit: there is no chunk to learn from; give at least one, also if it has no row")
        return schema_of(to_polars(first))

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for number, frame in enumerate(self._frames(), 1):
            given = to_polars(frame)
            for name in columns:
                if name not in given.columns:
                    raise ColumnMissing(name, f"fit, chunk {number}", given.columns)
            wanted = given.select(columns)
            yield from wanted.iter_slices(self._rows) if self._rows and wanted.height > self._rows else [wanted]


class _Lazy:
    """A lazy Polars frame; only the columns that are asked for are read."""

    def __init__(self, lazy: pl.LazyFrame, schema: Schema, rows: int) -> None:
        self._lazy, self.schema, self._rows = lazy, schema, rows

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        lazy = self._lazy.select(columns)
        found = False
        pieces = lazy.collect_batches(chunk_size=self._rows, maintain_order=True)
        for piece in rechunk(map(canonical_frame, pieces), self._rows, copy=False):
            found = True
            yield piece
        if not found:
            yield canonical_frame(lazy.head(0).collect())


class _Opened:
    """A source outside the store."""

    def __init__(self, source: Source, rows: int) -> None:
        self._source, self.schema, self._rows = source, source.schema(), rows

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        return (frame.select(columns) for frame in self._source.chunks(self._rows))


def _of_files(paths: str | Path | list[str | Path], rows: int) -> Reading:
    """Parquet files are read by their columns, others as they come."""
    from instar.data.sources.detect import open_source  # the readers are for those who read files
    from instar.data.sources.parquet import ParquetSource

    source = open_source(paths)
    if isinstance(source, ParquetSource):
        return _Lazy(pl.scan_parquet(list(source.paths)), source.schema(), rows)
    return _Opened(source, rows)
