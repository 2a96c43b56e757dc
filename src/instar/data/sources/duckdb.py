"""A table or query of a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from instar.base.errors import BadInput
from instar.base.logical import canonical_frame
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.database import choose_table, one_query, quoted
from instar.data.sources.errors import BadSql
from instar.data.sources.rechunk import rechunk
from instar.data.sources.source import source

_AS_TEXT = ("ENUM", "UUID", "BIT", "VARINT", "BIGNUM", "JSON")
_NO_DOWNLOADS: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_REFUSED = ("INTERVAL", "MAP(", "UNION(", "GEOMETRY", "VARIANT")
_AS_INTEGER = ("HUGEINT", "UHUGEINT")


@source("duckdb", suffixes=(".duckdb", ".ddb"), magic=(8, b"DUCK"), tables=True)
class DuckdbSource:
    """One table in the order in which its rows were inserted, or one query in the order that the query gives.

    The file is opened for reading only and no other file can be read by the query. HUGEINT (what ``sum`` of integers
    gives) becomes int64 and is an error where that is too small; ENUM, UUID, BIT and JSON become text.
    """

    def __init__(self, path: Path, table: str | None = None, query: str | None = None) -> None:
        self.path = path
        self.query = one_query(query) if query else None
        self.table = choose_table(path, table, query, self._tables)

    def files(self) -> list[Path]:
        return [self.path]

    def describe(self) -> dict[str, Any]:
        return {"format": "duckdb"} | ({"table": self.table} if self.table else {"query": self.query})

    def schema(self) -> Schema:
        return self._told[0]

    def rows(self) -> int:
        return self._told[1]

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        with self._open(self._asked) as database:
            stream = pl.scan_arrow_c_stream(
                database.sql(casting(database, self._asked, f"{self.path}: the result of the query"))
            )
            pieces = stream.collect_batches(chunk_size=rows, maintain_order=True)
            yield from rechunk((canonical_frame(piece) for piece in pieces), rows)

    @property
    def _asked(self) -> str:
        return self.query or f"SELECT * FROM {quoted(self.table or '')}"

    @cached_property
    def _told(self) -> tuple[Schema, int]:
        with self._open(self._asked) as database:
            asked = casting(database, self._asked, f"{self.path}: the result of the query")
            empty = pl.scan_arrow_c_stream(database.sql(f"SELECT * FROM ({asked}) LIMIT 0")).collect()
            counted = database.execute(f"SELECT count(*) FROM ({self._asked})").fetchone()
            return schema_of(canonical_frame(empty)), counted[0] if counted else 0

    @contextmanager
    def _open(self, asked: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
        """The database, read-only, with times in UTC; what it refuses is an error that shows ``asked``."""
        try:
            with duckdb.connect(str(self.path.absolute()), read_only=True, config=_NO_DOWNLOADS) as database:
                database.execute("SET TimeZone = 'UTC'; SET enable_external_access = false")
                yield database
        except (duckdb.Error, pl.exceptions.PolarsError) as error:
            raise BadSql(self.path, asked, str(error).strip().splitlines()[0]) from None

    def _tables(self) -> list[str]:
        with self._open() as database:
            return [
                name
                for (name,) in database.execute(
                    "SELECT table_name FROM information_schema.tables ORDER BY 1"
                ).fetchall()
            ]


def casting(database: duckdb.DuckDBPyConnection, asked: str, where: str) -> str:
    """A query with the columns cast that would otherwise arrive in a type of DuckDB's own. where : for messages

    Raises BadInput for a column whose type has no counterpart, or that has no name of its own.
    """
    answer = database.sql(asked)
    check_names(answer.columns, where)
    casts = []
    for name, dtype in zip(answer.columns, map(str, answer.types)):
        if any(word in dtype for word in _REFUSED) or dtype.startswith("TIME WITH"):
            raise BadInput(f"{where}: column {name!r} is {dtype}, which has no type here; cast it in the query")
        casts.append(_cast(name, dtype))
    return f"SELECT {', '.join(casts)} FROM ({asked}\n)"  # it may end in a comment, which the line ends


def _cast(name: str, dtype: str) -> str:
    column = quoted(name)
    if dtype.startswith(_AS_TEXT) and not dtype.endswith("]"):
        return f"CAST({column} AS VARCHAR) AS {column}"
    return f"CAST({column} AS BIGINT) AS {column}" if dtype in _AS_INTEGER else column
