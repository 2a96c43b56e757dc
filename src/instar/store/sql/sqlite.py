"""SQLite beneath a store: one file, write-ahead log, durable on every commit."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from sqlalchemy import Connection, create_engine, event

from instar.base.errors import InstarError
from instar.store.sql.backend import cause, not_kept
from instar.store.sql.copying import copy_database
from instar.store.sql.failures import StoreBroken, StoreBusy

_MISTAKES = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)


class Sqlite:
    """A database in one file. patience : seconds to wait for a writer in another process"""

    def __init__(self, path: Path, patience: float) -> None:
        self.where = str(path)
        self._patience = patience
        self.engine = create_engine(
            f"sqlite:///{path}",
            isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves: IMMEDIATE for writers
            connect_args={"timeout": patience, "check_same_thread": False},
        )
        event.listen(self.engine, "connect", _set_up)

    def begin_read(self, sql: Connection) -> None:
        sql.exec_driver_sql("BEGIN")

    def begin_write(self, sql: Connection) -> None:
        sql.exec_driver_sql("BEGIN IMMEDIATE")

    def fails(self, error: BaseException) -> bool:
        said = cause(error)
        return isinstance(said, sqlite3.DatabaseError) and not isinstance(said, _MISTAKES)

    def lost(self, error: BaseException) -> bool:
        return False

    def explain(self, error: BaseException) -> BaseException:
        said = cause(error)
        if isinstance(said, UnicodeEncodeError | OverflowError):
            return not_kept(error)
        if not self.fails(error):
            return error
        if "locked" in str(said):
            return StoreBusy(self.where, self._patience)
        if "disk is full" in str(said):
            return InstarError(
                f"the disk of the store {self.where} is full; nothing was written. Free space, try again"
            )
        return StoreBroken(self.where, str(said))

    def keep_copy(self, schema: str) -> None:
        """``store.db.<schema>.backup`` beside it; one that is there is kept, since it may be all that is left."""
        path = Path(self.where)
        kept = path.with_name(f"{path.name}.{schema}.backup")
        if not kept.exists():
            copy_database(path, kept)
        print(f"instar: migrating the store {path}; as it was, its database is kept in {kept.name}", file=sys.stderr)

    def problems(self, sql: Connection) -> list[str]:
        """Pages, indexes, and rows that refer to nothing."""
        pages = [str(row[0]) for row in sql.exec_driver_sql("PRAGMA integrity_check")]
        orphans = sql.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [f"the database: {said}" for said in pages if said != "ok"] + [
            f"the database: row {row[1]} of {row[0]} refers to a {row[2]} that is not there" for row in orphans
        ]


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()
