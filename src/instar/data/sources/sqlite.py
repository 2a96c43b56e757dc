"""A table or query of a SQLite file.

SQLite has types of values, not of columns. The type of a column is told by the types of all of its values:

    integers -> int64;  integers and reals -> float64;  any text -> string;  any blob -> binary
    nothing but nulls -> by the declared type: INT -> int64; REAL, FLOA, DOUB, NUM, DEC -> float64; BLOB -> binary;
    else string
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote as url_quoted

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.database import choose_table, one_query, quoted
from instar.data.sources.errors import BadSql
from instar.data.sources.source import source

_DECLARED = (
    ("INT", pl.Int64()),
    ("CHAR", pl.String()),
    ("CLOB", pl.String()),
    ("TEXT", pl.String()),
    ("BLOB", pl.Binary()),
)
_DECLARED_REAL = ("REAL", "FLOA", "DOUB", "NUM", "DEC")


@source("sqlite", suffixes=(".sqlite", ".sqlite3"), magic=(0, b"SQLite format 3\0"), tables=True)
class SqliteSource:
    """One table, in the order of its rowids, or one query, in the order that the query gives.

    The file is opened for reading only. Without ORDER BY the order of a query is SQLite's choice: give one when the
    order matters.
    """

    def __init__(self, path: Path, table: str | None = None, query: str | None = None) -> None:
        self.path = path
        self.query = one_query(query) if query else None
        self.table = choose_table(path, table, query, self._tables)

    def files(self) -> list[Path]:
        return [self.path]

    def describe(self) -> dict[str, Any]:
        return {"format": "sqlite"} | ({"table": self.table} if self.table else {"query": self.query})

    def schema(self) -> Schema:
        return schema_of(self._types)

    def rows(self) -> int:
        return int(self._told["rows"])

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        types = self._types
        readers = {name: self._reader(number, dtype) for number, (name, dtype) in enumerate(types.items())}
        with self._open() as database:
            cursor = database.execute(self._select)
            while block := cursor.fetchmany(rows):
                columns = zip(readers.items(), zip(*block))
                yield pl.DataFrame(self._column(name, types[name], map(read, cells)) for (name, read), cells in columns)

    def _column(self, name: str, dtype: pl.DataType, cells: Iterator[Any]) -> pl.Series:
        try:
            return pl.Series(name, list(cells), dtype=dtype)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            raise BadInput(f"{self.path}: column {name!r} changed while it was read; import it again") from None

    def _reader(self, number: int, dtype: pl.DataType) -> Callable[[Any], Any]:
        """What turns a cell into a value of its column's type; where all cells have it already, nothing."""
        kinds = {kind for kind in ("integer", "real", "text", "blob") if self._told[f"{kind}{number}"]}
        if dtype == pl.String and kinds - {"text"}:
            return lambda cell: cell if cell is None or isinstance(cell, str) else str(cell)
        if dtype == pl.Binary and kinds - {"blob"}:
            return lambda cell: cell if cell is None or isinstance(cell, bytes) else str(cell).encode()
        if dtype == pl.Float64 and "integer" in kinds:
            return lambda cell: None if cell is None else float(cell)
        return lambda cell: cell

    @cached_property
    def _select(self) -> str:
        if self.query:
            return self.query
        order = " ORDER BY rowid" if self._has_rowid else ""
        return f"SELECT * FROM {quoted(self.table or '')}{order}"

    @cached_property
    def _has_rowid(self) -> bool:
        """Views have none, nor have tables made WITHOUT ROWID, which lie in the order of their key."""
        with self._open() as database:
            rows = database.execute(
                "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", [self.table]
            )
            kind, without = rows.fetchone()
            return kind == "table" and not without

    @cached_property
    def _declared(self) -> dict[str, str]:
        """The names of the columns and the types they were declared with (a query's columns have none)."""
        with self._open(self._select) as database:
            if self.table:
                rows = database.execute("SELECT name, type FROM pragma_table_info(?)", [self.table])
                return dict(rows.fetchall())
            names = [part[0] for part in database.execute(f"SELECT * FROM ({self.query}) LIMIT 0").description]
            given = [part[0] for part in database.execute(self._select).description]
            check_names(given, f"{self.path}: the result of the query")
            return dict.fromkeys(names, "")

    @cached_property
    def _told(self) -> dict[str, int]:
        """How many values of each kind each column has, and the number of rows, in one query over the whole table."""
        columns = [f"c{number}" for number in range(len(self._declared))]
        counts = [
            f"coalesce(sum(typeof({column}) = '{kind}'), 0) AS {kind}{number}"
            for number, column in enumerate(columns)
            for kind in ("integer", "real", "text", "blob")
        ]
        rows = f"WITH [all rows]({', '.join(columns)}) AS ({self._select})"
        asked = f"{rows} SELECT count(*) AS rows, {', '.join(counts)} FROM [all rows]"
        with self._open(self._select) as database:
            cursor = database.execute(asked)
            return dict(zip((part[0] for part in cursor.description), cursor.fetchone()))

    @cached_property
    def _types(self) -> dict[str, pl.DataType]:
        types = {}
        for number, (name, declared) in enumerate(self._declared.items()):
            kinds = {kind for kind in ("integer", "real", "text", "blob") if self._told[f"{kind}{number}"]}
            types[name] = _type(kinds, declared.upper())
        return types

    @contextmanager
    def _open(self, asked: str = "") -> Iterator[sqlite3.Connection]:
        """The database, read-only; what it refuses is an error that shows ``asked``."""
        uri = f"file:{url_quoted(str(self.path.absolute()))}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as database:
                yield database
        except sqlite3.DatabaseError as error:
            raise BadSql(self.path, asked, str(error), _next_step(str(error))) from None

    def _tables(self) -> list[str]:
        with self._open() as database:
            rows = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
            return [name for (name,) in rows if not name.startswith("sqlite_")]


def _type(kinds: set[str], declared: str) -> pl.DataType:
    if "blob" in kinds:
        return pl.Binary()
    if "text" in kinds:
        return pl.String()
    if "real" in kinds:
        return pl.Float64()
    if "integer" in kinds:
        return pl.Int64()
    for part, dtype in _DECLARED:  # the order is SQLite's own, in which CHARINT is an integer
        if part in declared:
            return dtype
    return pl.Float64() if any(part in declared for part in _DECLARED_REAL) else pl.String()


def _next_step(message: str) -> str:
    if "decode to UTF-8" in message:
        return "a text in it is not UTF-8: read that column as CAST(column AS BLOB) in query="
    if "not a database" in message or "malformed" in message:
        return "the file is not a whole SQLite database; copy it again from where it came"
    if "locked" in message:
        return "another program is writing to it; try again"
    return "correct the query, or see the tables with `sqlite3 FILE .schema`"
