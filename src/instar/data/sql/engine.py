"""DuckDB with nothing in reach but the files of the datasets that a question names."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from instar.base.errors import BadInput
from instar.base.logical import canonical_frame
from instar.data.sources.database import quoted
from instar.data.sources.duckdb import casting
from instar.data.sql.question import CATALOGUE, Question

if TYPE_CHECKING:
    from instar.data.datasets.dataset import DatasetVersion

MEMORY = "2GB"
SECONDS = 600.0
BATCH_ROWS = 65_536
PATIENCE = 10.0  # seconds that an interrupted question may take to end
_NO_DOWNLOADS: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


@contextmanager
def answering(
    asked: Question,
    datasets: Mapping[str, DatasetVersion],
    catalogue: Mapping[str, pl.DataFrame],
    limit: int | None = None,
    memory: str = MEMORY,
    seconds: float = SECONDS,
) -> Iterator[Iterator[pl.DataFrame]]:
    """The rows of the answer, in pieces, the first of which has none.

    The chunks that are read are fetched, checked, into a folder that goes again.
    limit : of rows;  memory : beyond which DuckDB spills into that folder;  seconds : after which the question is ended
    """
    with tempfile.TemporaryDirectory(prefix="instar-sql-") as folder, _connection(Path(folder), memory) as database:
        files: list[Path] = []
        for name, version in datasets.items():
            paths = _fetched(version, Path(folder) / f"{len(files)}")
            listed = ", ".join(_text(str(path)) for path in paths)
            database.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM read_parquet([{listed}])")
            files += paths
        if catalogue:
            database.execute(f"CREATE SCHEMA {CATALOGUE}")
        for name, frame in catalogue.items():
            path = Path(folder) / f"{name}.parquet"  # and not register(), which needs PyArrow
            frame.write_parquet(path)
            database.execute(
                f"CREATE TABLE {CATALOGUE}.{quoted(name)} AS SELECT * FROM read_parquet({_text(str(path))})"
            )
        _lock(database, files)
        with _ended_after(database, seconds) as ended:
            try:
                stream = pl.scan_arrow_c_stream(database.sql(_limited(database, asked.text, limit)))
                pieces = stream.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
                yield map(canonical_frame, chain([pl.DataFrame(schema=stream.collect_schema())], pieces))
            except (duckdb.Error, pl.exceptions.PolarsError) as error:
                raise BadInput(_words(error, asked.text, ended.is_set(), seconds)) from None


@contextmanager
def _connection(folder: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    database = duckdb.connect(":memory:", config=_NO_DOWNLOADS)
    try:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(f"SET temp_directory = {_text(str(folder / 'spilled'))}")
        try:
            database.execute(f"SET memory_limit = {_text(memory)}")
        except duckdb.Error:
            raise BadInput(f"sql: memory={memory!r} is no amount of memory; write it as 2GB or 500MB") from None
        yield database
    finally:
        _close(database)


def _close(database: duckdb.DuckDBPyConnection) -> None:
    """Also when the reader of an answer failed in the middle: DuckDB refuses to close while it still computes."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return database.close()
        except duckdb.Error:
            if time.monotonic() > until:
                raise
            database.interrupt()
            time.sleep(0.01)


def _fetched(version: DatasetVersion, folder: Path) -> list[Path]:
    """The chunks of a version as files, each checked against its digest, in manifest order."""
    folder.mkdir()
    paths = []
    for place, chunk in enumerate(version.chunks):
        paths.append(folder / f"{place:05}.parquet")
        version.store.blobs.fetch(chunk.file, paths[-1])
    return paths


def _lock(database: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """From here on these files can be read, nothing else, and nothing can be set."""
    database.execute(f"SET allowed_paths = [{', '.join(_text(str(path)) for path in files)}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


@contextmanager
def _ended_after(database: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    """Interrupt what runs after ``seconds``; the event says whether that happened."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        database.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()


def _limited(database: duckdb.DuckDBPyConnection, text: str, limit: int | None) -> str:
    """The question, of at most ``limit`` rows; columns of types that a dataset does not have are cast."""
    return casting(database, text, "sql: the answer") + (f" LIMIT {limit}" if limit is not None else "")


def _words(error: Exception, text: str, ended: bool, seconds: float) -> str:
    if ended:
        return f"sql: the question took longer than {seconds:g} s and was ended; narrow it, or give it more time"
    said = str(error).strip().splitlines()[0]
    shown = text if len(text) <= 300 else text[:297] + "..."
    return f"sql: {said}; correct the question, nothing was changed\n  {shown}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
