"""One SQL database: reads, and writes that are durable on return and share a commit where they can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from instar.base.errors import NotFound
from instar.store.sql import tables
from instar.store.sql.backend import Backend
from instar.store.sql.failures import Interrupted, NewerStore, OutcomeUnknown, StoreBroken, StoreBusy
from instar.store.sql.sqlite import Sqlite
from instar.store.sql.undisturbed import undisturbed

__all__ = ["Database", "Interrupted", "NewerStore", "StoreBroken", "StoreBusy", "pieces"]
T = TypeVar("T")
IN_LIMIT = 500  # values in one IN (…)


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

    at : the file of a SQLite database, or what stands for another kind
    patience : seconds to wait for a writer in another process
    create : whether to make the tables where there are none; else that is NotFound
    """

    def __init__(self, at: Path | Backend, patience: float = 30.0, create: bool = True) -> None:
        self._backend: Backend = Sqlite(at, patience) if isinstance(at, Path) else at
        self._engine = self._backend.engine
        self.where = self._backend.where
        self._queue: list[_Job] = []
        self._queue_lock = threading.Lock()
        self._writer = threading.Lock()
        try:
            self._prepare(create)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent state of the database; once more when the connection turns out to be gone."""
        try:
            try:
                return self._read(work)
            except DBAPIError as error:
                if not self._backend.lost(error):
                    raise
                return self._read(work)
        except Exception as error:
            if (explained := self._backend.explain(error)) is error:
                raise
            raise explained from error

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as sql:
            self._backend.begin_read(sql)
            try:
                return work(sql)
            finally:
                _roll_back(sql)

    def problems(self) -> list[str]:
        """What the database finds wrong with itself."""
        return self.read(self._backend.problems)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; durable on return. An error in it undoes it alone, also in a shared commit."""
        job = _Job(work)
        try:
            with self._queue_lock:
                self._queue.append(job)
            with self._writer:  # whoever gets here first writes for all who wait
                if not job.done.is_set() and job in self._queue:
                    with undisturbed():
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
            try:
                self._transact(jobs)
            except DBAPIError as error:
                if not self._backend.lost(error):
                    raise
                self._transact(jobs)  # the lost connection took everything along: nothing is written twice
        except BaseException as error:  # noqa: BLE001 - raised again in every thread whose work is lost
            self._take(jobs)
            failure = self._backend.explain(error)
            others = failure if isinstance(failure, Exception) else Interrupted(self.where)
            for job in jobs:
                job.error = job.error or (failure if job is own else others)
        for job in jobs:
            job.done.set()

    def _transact(self, jobs: list[_Job]) -> None:
        with self._engine.connect() as sql:
            try:
                self._backend.begin_write(sql)
                for job in jobs:
                    self._run(sql, job)
                self._take(jobs)
                try:
                    sql.exec_driver_sql("COMMIT")
                except DBAPIError as error:
                    if self._backend.lost(error):
                        raise OutcomeUnknown(self.where) from error
                    raise
            except BaseException:
                _roll_back(sql)
                raise

    def _run(self, sql: Connection, job: _Job) -> None:
        """One job inside a shared transaction: its own mistakes undo only itself."""
        job.error = None
        sql.exec_driver_sql("SAVEPOINT job")
        try:
            job.result = job.work(sql)
        except Exception as error:  # handed to the thread whose work it was
            if self._backend.fails(error):  # the database itself: nobody's work can be kept
                raise
            job.error = self._backend.explain(error)
            sql.exec_driver_sql("ROLLBACK TO job")
        sql.exec_driver_sql("RELEASE job")

    def _prepare(self, create: bool) -> None:
        """Make the tables of a new database, refuse a newer one, migrate an older one."""
        found = self._version()
        if found == tables.HEAD:
            return
        if found is not None and found > tables.HEAD:
            raise NewerStore(self.where, found)
        if found is None and not create:
            raise NotFound("store", self.where, next_step="make one with `instar init`, or name one with --store")
        if found is None:
            self.write(_create)
        else:
            from instar.store.migrations import upgrade  # alembic costs a second: only when needed

            self._backend.keep_copy(found)
            self.write(lambda sql: upgrade(sql, tables.HEAD))

    def _version(self) -> str | None:
        def read(sql: Connection) -> str | None:
            if not inspect(sql).has_table(tables.VERSION_TABLE):
                return None
            found: str | None = sql.execute(select(tables.schema_version.c.version_num)).scalar()
            return found

        return self.read(read)


def _roll_back(sql: Connection) -> None:
    """The first error is the one to be told; a transaction that the database gave up itself cannot be rolled back."""
    with suppress(DBAPIError, PendingRollbackError):  # the second: the connection itself is lost
        sql.exec_driver_sql("ROLLBACK")


def _create(sql: Connection) -> None:
    """All tables, unless another process was faster."""
    tables.metadata.create_all(sql)
    if sql.execute(select(tables.schema_version.c.version_num)).scalar() is None:
        sql.execute(tables.schema_version.insert().values(version_num=tables.HEAD))


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
