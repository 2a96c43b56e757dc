"""One SQL database: reads, and writes that are durable on return and share a commit where they can."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import DBAPIError

from instar.base.errors import Conflict, InstarError
from instar.store.sql import tables

T = TypeVar("T")
IN_LIMIT = 500  # values in one IN (…)


class StoreBusy(Conflict):
    """Another process has been writing for longer than we wait."""

    status = 503

    def __init__(self, where: str, patience: float) -> None:
        super().__init__(
            f"the store {where} has been locked by another writer for {patience:g} s; nothing was written. "
            "Wait for the other process to end, or find it with `fuser` on the file, and try again"
        )


class NewerStore(Conflict):
    """The store was written by a newer Instar."""

    def __init__(self, where: str, found: str) -> None:
        super().__init__(
            f"the store {where} has schema {found}, this version of Instar knows up to {tables.HEAD}; "
            "it was left untouched. Upgrade Instar (`pip install -U instar`) to open it"
        )


class StoreBroken(InstarError):
    """The database of the store fails: damaged, no database at all, not to be written, or on a failing disk."""

    status = 500

    def __init__(self, where: str, cause: str) -> None:
        super().__init__(f"the store {where}: {cause}; {_next_step(cause)}")


def _next_step(cause: str) -> str:
    if "readonly" in cause:
        return "nothing was written. Get the right to write the file and its folder (`ls -l` shows it), then try again"
    if "not a database" in cause or "malformed" in cause:
        return "nothing was changed. Put back a copy of this file from a backup, then run `instar check`"
    return "see whether its folder can be read and written and the disk is sound, then run `instar check`"


class Interrupted(InstarError):
    """A write shared its commit with one that was interrupted."""

    status = 503

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the store {where}: another thread was interrupted while it wrote for this one too, so this may not be "
            "written; do it again: what is there already stays as it is"
        )


class _Job:
    """One write that waits for its commit."""

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        context = copy_context()  # whoever writes it for us writes it in the name of our own actor
        self.work: Callable[[Connection], Any] = lambda sql: context.run(work, sql)
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class Database:
    """Reads run at once, beside a writer; writes queue, and those that arrive while a commit runs share the next.

    patience : seconds to wait for a writer in another process
    """

    def __init__(self, path: Path, patience: float = 30.0) -> None:
        self.where = str(path)
        self._patience = patience
        self._engine = _sqlite_engine(path, patience)
        self._queue: list[_Job] = []
        self._queue_lock = threading.Lock()
        self._writer = threading.Lock()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent state of the database."""
        try:
            with self._engine.connect() as sql:
                sql.exec_driver_sql("BEGIN")
                try:
                    return work(sql)
                finally:
                    _roll_back(sql)
        except (DBAPIError, sqlite3.Error) as error:
            raise self._explain(error) from error

    def problems(self) -> list[str]:
        """What the database finds wrong with itself: pages, indexes, and rows that refer to nothing."""

        def read(sql: Connection) -> list[str]:
            pages = [str(row[0]) for row in sql.exec_driver_sql("PRAGMA integrity_check")]
            orphans = sql.exec_driver_sql("PRAGMA foreign_key_check").all()
            return [f"the database: {said}" for said in pages if said != "ok"] + [
                f"the database: row {row[1]} of {row[0]} refers to a {row[2]} that is not there" for row in orphans
            ]

        return self.read(read)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; durable on return. An error in it undoes it alone, also in a shared commit."""
        job = _Job(work)
        try:
            with self._queue_lock:
                self._queue.append(job)
            with self._writer:  # whoever gets here first writes for all who wait
                if not job.done.is_set() and job in self._queue:
                    self._commit(job)
        except BaseException:  # interrupted while waiting: nobody shall write it later
            self._take([job])
            raise
        if job.error is not None:
            raise job.error
        if not job.done.is_set():
            raise Interrupted(self.where)
        result: T = job.result
        return result

    def _take(self, jobs: list[_Job]) -> None:
        """Take ``jobs`` from the queue: they are written at most once, and whoever is interrupted takes only its own."""
        with self._queue_lock:
            self._queue = [job for job in self._queue if job not in jobs]

    def _commit(self, own: _Job) -> None:
        """Write all that waits. Jobs stay in the queue until the moment before the commit."""
        with self._queue_lock:
            jobs = list(self._queue)
        try:
            with self._engine.connect() as sql:
                sql.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    for job in jobs:
                        _run(sql, job)
                    self._take(jobs)
                    sql.exec_driver_sql("COMMIT")
                except BaseException:
                    _roll_back(sql)
                    raise
        except BaseException as error:  # noqa: BLE001 - raised again in every thread whose work is lost
            self._take(jobs)
            failure = self._explain(error)
            others = failure if isinstance(failure, Exception) else Interrupted(self.where)
            for job in jobs:
                job.error = job.error or (failure if job is own else others)
        for job in jobs:
            job.done.set()

    def _explain(self, error: BaseException) -> BaseException:
        """What the database fails with as an error for people; mistakes in a statement stay what they are."""
        if not _fails(error):
            return error
        cause = str(_cause(error))
        if "locked" in cause:
            return StoreBusy(self.where, self._patience)
        if "disk is full" in cause:
            return InstarError(
                f"the disk of the store {self.where} is full; nothing was written. Free space, try again"
            )
        return StoreBroken(self.where, cause)

    def _prepare(self) -> None:
        """Make the tables of a new database, refuse a newer one, migrate an older one."""
        found = self._version()
        if found == tables.HEAD:
            return
        if found is not None and found > tables.HEAD:
            raise NewerStore(self.where, found)
        if found is None:
            self.write(_create)
        else:
            from instar.store.migrations import upgrade  # alembic costs a second: only when needed

            self.write(lambda sql: upgrade(sql, tables.HEAD))

    def _version(self) -> str | None:
        def read(sql: Connection) -> str | None:
            if not inspect(sql).has_table(tables.VERSION_TABLE):
                return None
            found: str | None = sql.execute(select(tables.schema_version.c.version_num)).scalar()
            return found

        return self.read(read)


def _run(sql: Connection, job: _Job) -> None:
    """One job inside a shared transaction: its own mistakes undo only itself."""
    sql.exec_driver_sql("SAVEPOINT job")
    try:
        job.result = job.work(sql)
    except Exception as error:  # handed to the thread whose work it was
        if _fails(error):  # the database itself: nobody's work can be kept
            raise
        job.error = error
        sql.exec_driver_sql("ROLLBACK TO job")
    sql.exec_driver_sql("RELEASE job")


def _cause(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _fails(error: BaseException) -> bool:
    """Whether the database itself fails, not a statement that it was given."""
    cause = _cause(error)
    mistakes = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)
    return isinstance(cause, sqlite3.DatabaseError) and not isinstance(cause, mistakes)


def _roll_back(sql: Connection) -> None:
    """The first error is the one to be told; a transaction that the database gave up itself cannot be rolled back."""
    with suppress(DBAPIError):
        sql.exec_driver_sql("ROLLBACK")


def _create(sql: Connection) -> None:
    """All tables, unless another process was faster."""
    tables.metadata.create_all(sql)
    if sql.execute(select(tables.schema_version.c.version_num)).scalar() is None:
        sql.execute(tables.schema_version.insert().values(version_num=tables.HEAD))


def _sqlite_engine(path: Path, patience: float) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves: IMMEDIATE for writers
        connect_args={"timeout": patience, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()

    return engine


def pieces(values: Iterable[T], size: int = IN_LIMIT) -> Iterator[list[T]]:
    """``values`` in lists of at most ``size``.

    >>> list(pieces("abc", 2))
    [['a', 'b'], ['c']]
    """
    piece: list[T] = []
    for value in values:
        piece.append(value)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece
