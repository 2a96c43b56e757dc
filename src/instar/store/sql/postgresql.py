"""PostgreSQL beneath a store: one writer at a time among all processes, readers beside it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors as postgres
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from instar.base.errors import BadInput, InstarError
from instar.store.sql.backend import cause, not_kept
from instar.store.sql.failures import StoreBroken, StoreBusy, StoreUnreachable

WRITER = 0x696E7374  # the first half of the lock's number, so that it is no other program's; the second is the schema's
CONNECTIONS, MORE = 5, 35  # kept open, and at most beside them while many threads read at once
_MISTAKES = (
    psycopg.IntegrityError,
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.NotSupportedError,
    postgres.ProgramLimitExceeded,
)


class Postgresql:
    """A database on a server. patience : seconds to wait for the writer of another process"""

    def __init__(self, url: URL, where: str, patience: float) -> None:
        self.where = where
        self._url = url
        self._patience = patience
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves
            pool_size=CONNECTIONS,
            max_overflow=MORE,
            pool_timeout=patience,
            connect_args={"connect_timeout": 10, "application_name": "instar"},
        )
        event.listen(self.engine, "connect", _set_up)

    def begin_read(self, sql: Connection) -> None:
        sql.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self, sql: Connection) -> None:
        """The lock comes first: each statement after it sees all that earlier writers committed."""
        sql.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")
        sql.exec_driver_sql(f"SET LOCAL lock_timeout = '{self._patience:g}s'")
        sql.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER}, hashtext(current_schema()))")

    def fails(self, error: BaseException) -> bool:
        said = cause(error)
        return isinstance(said, psycopg.Error) and not isinstance(said, _MISTAKES)

    def lost(self, error: BaseException) -> bool:
        return isinstance(error, DBAPIError) and error.connection_invalidated

    def explain(self, error: BaseException) -> BaseException:
        said = cause(error)
        if isinstance(said, PoolEmpty):
            return StoreBusy(self.where, self._patience, "`SELECT * FROM pg_stat_activity`")
        if isinstance(said, postgres.ProgramLimitExceeded):
            return BadInput(
                f"a text is too long to be found again: {_line(said)}; nothing was written. "
                "Names and keys have at most about 2,600 bytes in PostgreSQL"
            )
        if isinstance(said, psycopg.DataError | UnicodeEncodeError | OverflowError):
            return not_kept(error)
        if isinstance(said, postgres.InsufficientPrivilege):
            return StoreBroken(self.where, f"{_line(said)}; `GRANT` the role what it needs")
        return self._explain_failure(said) if isinstance(said, psycopg.Error) and self.fails(error) else error

    def _explain_failure(self, said: psycopg.Error) -> InstarError:
        if isinstance(said, postgres.LockNotAvailable | postgres.DeadlockDetected | postgres.QueryCanceled):
            return StoreBusy(self.where, self._patience, "`SELECT * FROM pg_stat_activity`")
        if isinstance(said, postgres.DiskFull):
            return InstarError(f"the disk of {self.where} is full; nothing was written. Free space, try again")
        if said.sqlstate is None or isinstance(said, postgres.OperatorIntervention):
            return StoreUnreachable(self.where, _line(said), self._next_step(str(said)))
        return StoreBroken(self.where, _line(said))

    def _next_step(self, said: str) -> str:
        if "password" in said:
            return "set PGPASSWORD, or write the password into ~/.pgpass"
        if "does not exist" in said and "database" in said:
            return f"make it with `createdb {self._url.database}`"
        if "does not exist" in said:
            return f"make it with `createuser {self._url.username}`"
        if "too many" in said or "remaining connection slots" in said:
            return "it serves as many as it can: try again later, or raise its max_connections"
        return (
            f"see whether PostgreSQL runs at {self._url.host or 'its socket'}:{self._url.port or 5432}, then try again"
        )

    def keep_copy(self, schema: str) -> None:
        """A server's own backups are its administrator's; the migration itself is one transaction."""

    def problems(self, sql: Connection) -> list[str]:
        """Indexes and checks that were never finished. (That rows refer to others the server sees to itself.)"""
        broken = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready"
        unchecked = "SELECT conrelid::regclass::text || '.' || conname FROM pg_constraint WHERE NOT convalidated"
        return [f"the database: index {row[0]} is not valid" for row in sql.exec_driver_sql(broken)] + [
            f"the database: constraint {row[0]} is not validated" for row in sql.exec_driver_sql(unchecked)
        ]


def _set_up(connection: Any, _: object) -> None:
    """What was acknowledged is on the disk, also where the server's own setting says otherwise."""
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


def _line(said: BaseException) -> str:
    """What the server said, on one line, without our own address."""
    return " ".join(str(said).split())
