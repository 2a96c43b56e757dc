"""A table or a query of any database that SQLAlchemy reaches by a URL: PostgreSQL with the extra, others with their driver.

A column's type is told by all of its values: whole numbers are int64, with fractions (NUMERIC too) float64, times with a
zone UTC; UUIDs, arrays and JSON are text; values that share nothing narrower are text; a column without a value is text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from instar.base.errors import BadInput, NotFound, suggestion
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.database import one_query
from instar.data.sources.errors import FileMissing
from instar.data.sources.source import source

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause
    from sqlalchemy.engine import URL

_BLOCK = 10_000
_SECRET = ("pass", "pwd", "secret", "token", "key", "credential", "auth", "odbc")  # odbc_connect holds a password
_TYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "zoned": pl.Datetime("us", "UTC"),
    "time": pl.Time(),
    "duration": pl.Duration("us"),
    "binary": pl.Binary(),
    "text": pl.String(),
}


@source("sql", place="url")
class SqlSource:
    """One table, in the order of its primary key, or one query, in the order that the query gives.

    url : ``postgresql://user:password@host/database`` and the like. The password goes to the database and nowhere else.
    The query is read twice, for the types and for the rows: give it an ORDER BY. What it would change is not kept.
    """

    def __init__(self, url: str, table: str | None = None, query: str | None = None) -> None:
        self.url = _url(url)
        if bool(table) == bool(query):
            raise BadInput(f"{self.shown}: say what to read with table= or query=, one of them")
        self.table = table
        self.query = one_query(query) if query else None

    @property
    def shown(self) -> str:
        """The URL without what is secret."""
        query = {name: "***" if _is_secret(name) else value for name, value in self.url.query.items()}
        return self.url.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")

    def files(self) -> list[Path]:
        return []

    def describe(self) -> dict[str, Any]:
        asked = {"table": self.table} if self.table else {"query": self.query}
        return {"format": "sql", "url": self.shown, **asked}

    def schema(self) -> Schema:
        return schema_of(self._told[0])

    def rows(self) -> int:
        return self._told[1]

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        types = self._told[0]
        readers = [_reader(dtype) for dtype in types.values()]
        for block in self._blocks(rows):
            cells = zip(types.items(), readers, zip(*block))
            try:
                yield pl.DataFrame(
                    [
                        pl.Series(name, [read(cell) for cell in column], dtype=dtype)
                        for (name, dtype), read, column in cells
                    ]
                )
            except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
                raise BadInput(f"{self.shown}: a value changed its type while it was read; import it again") from None

    @cached_property
    def _told(self) -> tuple[dict[str, pl.DataType], int]:
        kinds: list[set[str]] = [set() for _ in self._names]
        rows = 0
        for block in self._blocks(_BLOCK):
            rows += len(block)
            for found, column in zip(kinds, zip(*block)):
                found.update(_kind(cell) for cell in column if cell is not None)
        return {name: _TYPES[_narrowest(found)] for name, found in zip(self._names, kinds)}, rows

    @cached_property
    def _names(self) -> list[str]:
        with self._open() as connection:
            result = connection.execute(self._asked(connection))
            names = list(result.keys())
            result.close()
        check_names(names, f"{self.shown}: the result of the query")
        return names

    def _blocks(self, rows: int) -> Iterator[list[tuple[Any, ...]]]:
        with self._open() as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=rows).execute(
                self._asked(connection)
            )
            while block := result.fetchmany(rows):
                yield [tuple(row) for row in block]

    def _asked(self, connection: Connection) -> TextClause:
        from sqlalchemy import inspect, text

        if self.query:
            return text(self.query.replace(":", r"\:"))
        seen = inspect(connection)
        schema, _, name = (self.table or "").rpartition(".")
        names = [*seen.get_table_names(schema or None), *seen.get_view_names(schema or None)]
        if name not in names:
            raise NotFound("table", str(self.table), next_step=suggestion(name, names))
        quote = connection.dialect.identifier_preparer.quote_identifier
        keys = seen.get_pk_constraint(name, schema or None)["constrained_columns"]
        order = f" ORDER BY {', '.join(map(quote, keys))}" if keys else ""
        return text(f"SELECT * FROM {'.'.join(map(quote, filter(None, (schema, name))))}{order}".replace(":", r"\:"))

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        """A connection that may only read where the database knows of that, and whose transaction is never kept."""
        import sqlalchemy

        self._must_exist()
        try:
            engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool)
            options = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
            with engine.connect() as connection:
                if engine.dialect.name == "postgresql":
                    connection.execution_options(**options)
                yield connection
                connection.rollback()
        except sqlalchemy.exc.NoSuchModuleError:
            raise BadInput(f"{self.shown}: no driver for {self.url.drivername!r} is installed; install one") from None
        except ModuleNotFoundError as error:
            extra = "pip install 'instar[postgres]'" if "psycopg" in str(error) else f"pip install {error.name}"
            raise BadInput(f"{self.shown}: the driver {error.name!r} is not installed; {extra}") from None
        except sqlalchemy.exc.SQLAlchemyError as error:
            why = self._without_secrets(str(getattr(error, "orig", None) or error).strip().splitlines()[0])
            raise BadInput(f"{self.shown}: {why}; correct the URL or the query\n  {self.query or self.table}") from None

    def _must_exist(self) -> None:
        """SQLite would make an empty database of a file that is not there."""
        named = self.url.database
        is_file = self.url.get_backend_name() == "sqlite" and not self.url.query and named not in (None, "", ":memory:")
        if is_file and not (path := Path(str(named))).exists():
            raise FileMissing(path)

    def _without_secrets(self, text: str) -> str:
        """What a driver says may hold what it was given."""
        hidden = [value for name, value in self.url.query.items() if _is_secret(name)]
        given = [each for value in hidden for each in ([value] if isinstance(value, str) else value)]
        for secret in filter(None, (str(self.url.password or ""), *given)):
            text = text.replace(secret, "***")
        return text


def _url(given: str) -> URL:
    """The URL, with the driver that the extra installs for PostgreSQL."""
    import sqlalchemy

    try:
        url = sqlalchemy.make_url(given)
    except (sqlalchemy.exc.ArgumentError, ValueError):  # the latter for a port that is no number
        raise BadInput("the URL of the database cannot be read; write dialect://user:password@host/database") from None
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _is_secret(name: str) -> bool:
    return any(part in name.lower() for part in _SECRET)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int" if -(1 << 63) <= value < 1 << 63 else "text"
        case float() | Decimal():
            return "float"
        case datetime():
            return "datetime" if value.tzinfo is None else "zoned"
        case date():
            return "date"
        case time():
            return "time"
        case timedelta():
            return "duration"
        case bytes() | bytearray() | memoryview():
            return "binary"
        case _:
            return "text"


def _narrowest(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "float" if kinds == {"int", "float"} else "text"


def _reader(dtype: pl.DataType) -> Callable[[Any], Any]:
    if dtype == pl.String:
        return _text
    if dtype == pl.Float64:
        return lambda cell: None if cell is None else float(cell)
    if dtype == pl.Binary:
        return lambda cell: None if cell is None else bytes(cell)
    if dtype == pl.Datetime("us", "UTC"):
        return lambda cell: None if cell is None else cell.astimezone(UTC)
    return lambda cell: cell


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, list | dict):
        return msgspec.json.encode(cell, enc_hook=str).decode()
    return cell.hex() if isinstance(cell, bytes) else str(cell)
