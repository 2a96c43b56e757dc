"""What a source of a table is, and the table of readers that importing looks in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import polars as pl

from instar.base.schema import Schema
from instar.base.tables import Table


class Source(Protocol):
    """A table outside the store, read in order and piece by piece.

    Reading twice gives the same rows; the types are those of the whole table, whatever the size of the pieces.
    """

    def schema(self) -> Schema:
        """Names and types of all columns. May need one pass over the whole source."""
        ...

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        """The table in pieces of ``rows`` rows; the last piece of each file may have fewer, and none is empty."""
        ...

    def rows(self) -> int | None:
        """How many rows there are, or None when that is not known before reading."""
        ...

    def files(self) -> list[Path]:
        """The files that are read."""
        ...

    def describe(self) -> dict[str, Any]:
        """Format and options as plain values, for the record: enough to read the same files again in the same way."""
        ...


Place = Literal["files", "folder", "url"]


@dataclass(frozen=True)
class Reader:
    """An entry of SOURCES.

    open : makes the source from its paths and options;  suffixes : of the files it reads;  magic : how such files begin,
    as (offset, bytes);  tables : whether a file holds several tables, chosen by an option such as ``table=``
    """

    format: str
    open: Callable[..., Source]
    suffixes: tuple[str, ...] = ()
    magic: tuple[int, bytes] | None = None
    tables: bool = False
    place: Place = "files"


SOURCES: Table[Reader] = Table("format", "instar.sources")
S = TypeVar("S", bound=type)


def source(
    format: str,
    suffixes: tuple[str, ...] = (),
    magic: tuple[int, bytes] | None = None,
    tables: bool = False,
    place: Place = "files",
) -> Callable[[S], S]:
    """Enter a class into SOURCES; its constructor takes ``paths`` and its options.

    With ``tables=True`` or ``place="folder"`` it takes one ``path`` instead, with ``place="url"`` a ``url``.
    """

    def enter(reader: S) -> S:
        SOURCES.add(format, Reader(format, reader, suffixes, magic, tables, place))
        return reader

    return enter
