"""From what the user names to the source that reads it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from glob import has_magic
from pathlib import Path
from typing import Any

from instar.base.errors import BadInput, suggestion
from instar.data.sources import arrow as _arrow
from instar.data.sources import csv as _csv
from instar.data.sources import fits as _fits
from instar.data.sources import folders as _folders
from instar.data.sources import hdf as _hdf
from instar.data.sources import json as _json
from instar.data.sources import parquet as _parquet
from instar.data.sources import sql as _sql
from instar.data.sources import sqlite as _sqlite
from instar.data.sources.errors import FileEmpty, FileMissing, FormatUnknown
from instar.data.sources.frame import FrameSource, FramesSource
from instar.data.sources.source import SOURCES, Reader, Source

__all__ = ["open_source"]
_BUILT_IN = (_arrow, _csv, _fits, _folders, _hdf, _json, _parquet, _sql, _sqlite)  # importing them fills SOURCES
_LIGHT = (
    "csv", "json", "jsonl", "parquet", "sqlite", "arrow", "fits", "hdf5", "images", "netcdf", "sql", "texts"
)  # fmt: skip
_URL = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_FIRST_BYTES = 16


def open_source(given: Any, format: str | None = None, options: Mapping[str, Any] | None = None) -> Source:
    """The source that reads ``given``: a file, a folder, a pattern, a list of files, the URL of a database, a frame, or an
    iterator of frames.

    The format is ``format``, else told by the name of the file, else by its first bytes. ``options`` are those of the
    reader (``table``, ``query``, ``separator``, ``encoding`` …); one that it does not have is an error.
    Raises FileMissing, FileEmpty, FormatUnknown, BadInput.
    """
    # None says nothing, except that no letter quotes.
    chosen = {name: value for name, value in (options or {}).items() if value is not None or name == "quote"}
    if not _names_files(given):
        if chosen or format:
            raise BadInput(
                f"{', '.join([*chosen] or ['format'])} = …: only a file has this option, not a frame in memory"
            )
        return FramesSource(given) if isinstance(given, Iterator) else FrameSource(given)
    if isinstance(given, str) and _URL.match(given):
        _check_options(SOURCES[format or "sql"], chosen)
        return SOURCES[format or "sql"].open(url=given, **chosen)
    if format in _LIGHT and SOURCES[format].place != "files":
        return _open_place(SOURCES[format], given, chosen)
    paths = _locate(given)
    reader = _reader(paths, format)
    _check_options(reader, chosen)
    if not reader.tables:
        return reader.open(paths=paths, **chosen)
    if len(paths) > 1:
        raise BadInput(f"{reader.format}: {len(paths)} files are given; import them one at a time")
    return reader.open(path=paths[0], **chosen)


def _open_place(reader: Reader, given: Any, chosen: Mapping[str, Any]) -> Source:
    """A folder as a whole, for a reader that wants one."""
    _check_options(reader, chosen)
    if reader.place == "url" or not isinstance(given, str | Path):
        wanted = "a URL such as postgresql://host/database" if reader.place == "url" else "one folder"
        raise BadInput(f"format={reader.format!r} reads {wanted}, not {given!r}")
    path = Path(given).expanduser()
    if not path.exists():
        raise FileMissing(path)
    if not path.is_dir():
        raise BadInput(f"format={reader.format!r} reads a folder, and {path} is a file; name the folder it lies in")
    return reader.open(path=path, **chosen)


def _names_files(given: Any) -> bool:
    if isinstance(given, list | tuple):
        return bool(given) and all(isinstance(part, str | Path) for part in given)
    return isinstance(given, str | Path)


def _locate(given: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files, in the order of their names (a list: in its own order)."""
    if isinstance(given, list | tuple):
        return [path for part in given for path in _locate(part)]
    path = Path(given).expanduser()  # type: ignore[arg-type]  # a str is also a Sequence[str]
    if path.is_dir():
        found = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith((".", "_")))
        if not found:
            inside = " (what lies in its folders is read with format=images or texts)" if any(path.iterdir()) else ""
            raise BadInput(f"the folder {path} has no files to import{inside}; name a file, or a folder that has some")
        return found
    if not path.exists() and has_magic(str(path)):
        folder = Path(path.anchor) if path.is_absolute() else Path()
        if found := sorted(entry for entry in folder.glob(str(path.relative_to(folder))) if entry.is_file()):
            return found
    if not path.exists():
        raise FileMissing(path)
    return [path]


def _reader(paths: Sequence[Path], format: str | None) -> Reader:
    if format:
        if format not in _LIGHT:
            _all_readers()
        return SOURCES[format]
    readers = {path: _told(path) for path in paths}
    first = readers[paths[0]]
    for path, reader in readers.items():
        if reader is not first:
            raise BadInput(
                f"{path} is {reader.format}, {paths[0]} is {first.format}; import files of one format together, "
                "for instance with a pattern such as 'folder/*.csv'"
            )
    return first


def _told(path: Path) -> Reader:
    """The reader for the name of the file, else for its first bytes; the readers that cost nothing to import first."""
    with path.open("rb") as file:
        start = file.read(_FIRST_BYTES)
    for readers in (_light_readers, _all_readers):
        for reader in readers():
            offset, magic = reader.magic or (0, b"")
            if path.name.lower().endswith(reader.suffixes) or (magic and start[offset:].startswith(magic)):
                return reader
    if not start:
        raise FileEmpty(path)
    raise FormatUnknown(f"{path}: neither its name nor its first bytes say which format it has", SOURCES)


def _light_readers() -> list[Reader]:
    return [SOURCES[format] for format in _LIGHT]


def _all_readers() -> list[Reader]:
    """All readers, those of other packages included; importing DuckDB costs 0.2 s, so only when it may be needed."""
    from instar.data.sources import duckdb  # noqa: F401  # enters its reader

    return [SOURCES[format] for format in SOURCES]


def _check_options(reader: Reader, chosen: Mapping[str, Any]) -> None:
    known = [name for name in inspect.signature(reader.open).parameters if name not in ("path", "paths", "url")]
    for name in chosen:
        if name not in known:
            raise BadInput(f"{reader.format} has no option {name!r}; {suggestion(name, known)}")
