"""CSV files: one, or several with the same columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.errors import SchemasDiffer
from instar.data.sources.rechunk import rechunk
from instar.data.sources.records import Block, Dialect, blocks, first_line, guess_separator
from instar.data.sources.source import source
from instar.data.sources.texts import ColumnTypes, parse


@source("csv", suffixes=(".csv", ".tsv", ".csv.gz", ".tsv.gz"))
class CsvSource:
    """CSV files, read twice: once to check every line and tell the types by all values, once to give the rows.

    separator : one ASCII letter; None takes the commonest of ``, ; tab |`` in the first line
    quote : one ASCII letter, or None when no letter quotes
    header : whether the first line names the columns; else they are called column_1, column_2, …, as is an unnamed one
    nulls : texts that mean a missing value; an unquoted empty field always does
    """

    def __init__(
        self,
        paths: Sequence[Path],
        separator: str | None = None,
        encoding: str = "utf-8",
        quote: str | None = '"',
        header: bool = True,
        nulls: Sequence[str] = (),
    ) -> None:
        for what, letter in (("separator", separator), ("quote", quote)):
            if letter is not None and not (len(letter) == 1 and letter.isascii()):
                raise BadInput(f"{what}={letter!r}: give one ASCII letter")
        self.paths = tuple(paths)
        self.encoding = encoding
        self.header = header
        self.nulls = (nulls,) if isinstance(nulls, str) else tuple(nulls)
        separator = separator or guess_separator(first_line(self.paths[0], encoding))
        self.dialect = Dialect(separator, quote)

    def files(self) -> list[Path]:
        return list(self.paths)

    def describe(self) -> dict[str, Any]:
        options: dict[str, Any] = {"separator": self.dialect.separator, "encoding": self.encoding}
        options |= {"quote": self.dialect.quote, "header": self.header, "nulls": list(self.nulls)}
        return {"format": "csv", **options}

    def schema(self) -> Schema:
        return schema_of(self._told[0])

    def rows(self) -> int:
        return self._told[1]

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        types, _ = self._told
        for path in self.paths:
            yield from rechunk((parse(texts, types) for texts in self._texts(path)), rows)

    @cached_property
    def _told(self) -> tuple[dict[str, pl.DataType], int]:
        """The types told by all values of all files, and the number of rows."""
        types, rows = ColumnTypes(self._names), 0
        for path in self.paths:
            for texts in self._texts(path):
                types.see(texts)
                rows += texts.height
        return types.types(), rows

    @cached_property
    def _names(self) -> list[str]:
        first = self._first_record(self.paths[0])
        names = [
            name or f"column_{number}" for number, name in enumerate(first if self.header else [""] * len(first), 1)
        ]
        check_names(names, str(self.paths[0]))
        return names

    def _first_record(self, path: Path) -> list[str]:
        for block in blocks(path, self.dialect, self.encoding, 1 << 16):
            if block.records:
                text = io.StringIO(block.data.decode(), newline="")
                return next(self._reader(text))
        raise BadInput(
            f"{path} has only blank lines, so it has no columns; check how it was written, then import again"
        )

    def _reader(self, text: io.StringIO) -> Iterator[list[str]]:
        separator, quote = self.dialect.separator, self.dialect.quote
        if quote is None:
            return csv.reader(text, delimiter=separator, quoting=csv.QUOTE_NONE)
        return csv.reader(text, delimiter=separator, quotechar=quote)

    def _texts(self, path: Path) -> Iterator[pl.DataFrame]:
        """The rows of one file as columns of text."""
        self._check_header(path)
        first = self.header
        for block in blocks(path, self.dialect, self.encoding):
            texts = self._read(path, block, skip=first)
            first = first and not block.records
            if texts.height:
                yield texts

    def _check_header(self, path: Path) -> None:
        found = self._first_record(path)
        if self.header:
            found = [name or f"column_{number}" for number, name in enumerate(found, 1)]
            if found != self._names:
                raise SchemasDiffer(str(path), f"its columns are {', '.join(found)}, theirs {', '.join(self._names)}")
        elif len(found) != len(self._names):
            raise SchemasDiffer(str(path), f"it has {len(found)} columns, they have {len(self._names)}")

    def _read(self, path: Path, block: Block, skip: bool) -> pl.DataFrame:
        schema = dict.fromkeys(self._names, pl.String())
        if block.records <= skip:
            return pl.DataFrame(schema=schema)
        texts = pl.read_csv(
            block.data,
            has_header=False,
            schema=schema,
            separator=self.dialect.separator,
            quote_char=self.dialect.quote,
            skip_rows=int(skip),
            null_values=list(self.nulls) or None,
        )
        if texts.height != block.records - skip:
            raise BadInput(
                f"{path}, lines from {block.line}: {block.records - skip} records, of which {texts.height} could be read; "
                "check the quotes there"
            )
        return texts
