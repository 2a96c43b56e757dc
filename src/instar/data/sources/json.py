"""JSON: one object a line (``jsonl``), or one array of objects (``json``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.errors import BadJson
from instar.data.sources.rechunk import rechunk
from instar.data.sources.shapes import NULL, Shape, dtype, join, reader, shape_of
from instar.data.sources.source import source
from instar.data.sources.text import line_blocks, utf8_pieces

Row = dict[str, Any]


class JsonSource(ABC):
    """Rows that are JSON objects, read twice: once to tell the types by all values, once to give the rows.

    A row that lacks a key has a null there. Values of one key that share no type are kept as text.
    """

    format = "json"

    def __init__(self, paths: Sequence[Path], encoding: str = "utf-8") -> None:
        self.paths = tuple(paths)
        self.encoding = encoding

    def files(self) -> list[Path]:
        return list(self.paths)

    def describe(self) -> dict[str, Any]:
        return {"format": self.format, "encoding": self.encoding}

    def schema(self) -> Schema:
        return schema_of(self._told[0])

    def rows(self) -> int:
        return self._told[1]

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        types, _ = self._told
        readers = {name: reader(wanted) for name, wanted in types.items()}
        for path in self.paths:
            pieces = (
                pl.DataFrame(
                    {name: [read(row.get(name)) for row in block] for name, read in readers.items()}, schema=types
                )
                for block in self._blocks(path)
            )
            yield from rechunk(pieces, rows)

    @abstractmethod
    def _blocks(self, path: Path) -> Iterator[list[Row]]:
        """The rows of one file, many at a time."""

    @cached_property
    def _told(self) -> tuple[dict[str, pl.DataType], int]:
        shapes: dict[str, Shape] = {}
        rows = 0
        for path in self.paths:
            for block in self._blocks(path):
                rows += len(block)
                for row in block:
                    for name, value in row.items():
                        shapes[name] = join(shapes.get(name, NULL), shape_of(value))
        check_names(list(shapes), str(self.paths[0]))
        return {name: dtype(shape) for name, shape in shapes.items()}, rows


@source("jsonl", suffixes=(".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"))
class JsonLinesSource(JsonSource):
    """One JSON object a line; blank lines are left out."""

    format = "jsonl"

    def _blocks(self, path: Path) -> Iterator[list[Row]]:
        decoder = msgspec.json.Decoder(Row)
        line = 1
        for block in line_blocks(path, self.encoding):
            lines = block.split(b"\n")
            yield [self._row(decoder, path, number, text) for number, text in enumerate(lines, line) if text.strip()]
            line += len(lines) - 1

    def _row(self, decoder: msgspec.json.Decoder[Row], path: Path, number: int, text: bytes) -> Row:
        try:
            return decoder.decode(text)
        except msgspec.DecodeError as error:
            shown = text.decode(errors="replace").strip()[:60]
            next_step = 'each line must be one JSON object, such as {"a": 1}; correct or remove the line'
            raise BadJson(path, number, f"{error}, in {shown!r}", next_step) from None


@source("json", suffixes=(".json", ".json.gz"))
class JsonArraySource(JsonSource):
    """One array of objects. The file is held in memory while it is read: for more than that, use lines."""

    format = "json"

    def _blocks(self, path: Path) -> Iterator[list[Row]]:
        data = b"".join(utf8_pieces(path, self.encoding))
        if not data.strip():
            raise BadInput(f'{path} has only blanks; it must hold an array of objects, such as [{{"a": 1}}]')
        try:
            yield msgspec.json.decode(data, type=list[Row])
        except msgspec.DecodeError as error:
            raise BadJson(path, _line(data, str(error)), str(error), _next_step(data)) from None


def _line(data: bytes, message: str) -> int:
    """The line of the byte that the message names at its end, if it names one."""
    _, found, at = message.partition("(byte ")
    return data.count(b"\n", 0, int(at.rstrip(")"))) + 1 if found else 1


def _next_step(data: bytes) -> str:
    start = data.lstrip()
    if start.startswith(b"{") and b"\n{" in start:
        return "this looks like one object a line: import it with format='jsonl'"
    return 'the file must be one array of objects, such as [{"a": 1}, {"a": 2}]'
