"""Questions in SQL to the store's own database, which can only read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from instar.base.errors import BadInput
from instar.store.find.conditions import MOST
from instar.store.records import Rows
from instar.store.sql.database import Database
from instar.store.sql.statement import FUNCTIONS, TABLES, Statement, statement
from instar.store.sql.tables import metadata

SECONDS = 10.0  # that a question may take
LARGEST = 10_000_000  # bytes of one value
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_SLOW = f"SQL: the question took longer than {SECONDS:g} s and was ended; narrow it, or add an index's columns to WHERE"
Parameters = Mapping[str, str | int | float]
_NONE: Parameters = MappingProxyType({})


class SqliteCatalogue:
    """On a connection of its own, on which SQLite itself refuses everything but reading what may be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def select(self, sql: str, parameters: Parameters = _NONE, limit: int = 1000) -> Rows:
        """The rows of one SELECT. Raises BadInput."""
        asked = _looked_through(sql, parameters, limit)
        with closing(
            sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=SECONDS)
        ) as connection:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            until = time.monotonic() + SECONDS
            connection.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
            connection.set_authorizer(partial(_allowed, asked.queries))
            try:
                cursor = connection.execute(asked.text(":{}".format), dict(parameters))
                return _rows([each[0] for each in cursor.description], cursor.fetchmany(limit + 1), limit)
            except (sqlite3.Error, OverflowError, UnicodeEncodeError, MemoryError) as error:
                raise BadInput(
                    _SLOW if "interrupted" in str(error) else f"SQL: {error}; nothing was changed"
                ) from error


def _allowed(
    own: frozenset[str], action: int, first: str | None, second: str | None, database: str | None, _inside: str | None
) -> int:
    """Whether the database may do this for a question. own : the names that the question gives after WITH"""
    match action:
        case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_READ if first in TABLES:
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_READ if first and not second and not database:  # count(*) of one's own query
            is_own = first.lower() in own and first.lower() not in metadata.tables and not first.startswith("sqlite_")
            return sqlite3.SQLITE_OK if is_own else sqlite3.SQLITE_DENY
        case sqlite3.SQLITE_FUNCTION if second in ("->", "->>") or (second or "").lower() in FUNCTIONS:
            return sqlite3.SQLITE_OK
        case _:
            return sqlite3.SQLITE_DENY


class PostgresCatalogue:
    """In a transaction that can only read, through a cursor, which PostgreSQL opens for nothing but a SELECT."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def select(self, sql: str, parameters: Parameters = _NONE, limit: int = 1000) -> Rows:
        """The rows of one SELECT. Raises BadInput."""
        asked = _looked_through(sql, parameters, limit)

        def mark(name: str) -> str:
            """A text is of the kind that the columns are, else no recursion could begin with one."""
            return f'CAST(%({name})s AS varchar) COLLATE "C"' if isinstance(parameters[name], str) else f"%({name})s"

        def read(connection: Connection) -> Rows:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.exec_driver_sql("SET LOCAL standard_conforming_strings = on")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(SECONDS * 1000)}")
            try:
                text = f"DECLARE question NO SCROLL CURSOR FOR {asked.text(mark, percent='%%')}"
                connection.exec_driver_sql(text, dict(parameters))
                result = connection.exec_driver_sql(f"FETCH {limit + 1} FROM question")
                return _rows(list(result.keys()), [tuple(row) for row in result], limit)
            except DBAPIError as error:
                said = str(error.orig).strip().splitlines()[0]
                raise BadInput(_SLOW if "timeout" in said else f"SQL: {said}; nothing was changed") from error

        return self._database.read(read)


def _looked_through(sql: str, parameters: Parameters, limit: int) -> Statement:
    if not 1 <= limit <= MOST:
        raise BadInput(f"SQL: limit {limit} is not between 1 and {MOST:,}")
    if "\0" in sql or any("\0" in value for value in parameters.values() if isinstance(value, str)):
        raise BadInput("SQL: the character U+0000 is in nothing that is recorded")
    return statement(sql, parameters)


def _rows(columns: Sequence[str], found: Sequence[Sequence[Any]], limit: int) -> Rows:
    rows = tuple(tuple(_plain(value) for value in row) for row in found[:limit])
    return Rows(tuple(columns), rows, more=len(found) > limit)


def _plain(value: object) -> str | int | float | None:
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
