"""The shared store: a PostgreSQL database, and blobs in an object store or in a folder that all machines share."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection, make_url, select
from sqlalchemy.exc import ArgumentError

from instar.base.digests import digest_value
from instar.base.errors import BadInput, Conflict, InstarError, NotFound
from instar.base.settings import home_folder
from instar.store.blobs import FolderBlobs
from instar.store.explained import ExplainedBlobs
from instar.store.objects import ObjectBlobs, claim, probe
from instar.store.opening import without_secrets
from instar.store.protocols import Blobs
from instar.store.sql import tables
from instar.store.sql.access import SqlAccess
from instar.store.sql.catalogue import PostgresCatalogue
from instar.store.sql.database import Database
from instar.store.sql.labels import SqlLabels
from instar.store.sql.memo import SqlMemo
from instar.store.sql.metrics import SqlMetrics
from instar.store.sql.nodes import SqlNodes
from instar.store.sql.peers import SqlPeers
from instar.store.sql.rows import insert_new
from instar.store.store import Store

BLOBS = "blobs"  # in the URL, and in the table of settings
PATIENCE = 30.0  # seconds to wait for the writer of another process


class DriverMissing(InstarError):
    """PostgreSQL needs a library that a plain installation does not bring."""


class PostgresStore(Store):
    """A store that machines share. What dies with this machine (locks of processes, open journals) lies in ``folder``."""

    def __init__(self, location: str, folder: Path, database: Database, blobs: Blobs, password: str | None) -> None:
        super().__init__(location, folder)
        self.environment = {"PGPASSWORD": password} if password else {}
        self.database = database
        self.nodes = SqlNodes(database)
        self.labels = SqlLabels(database)
        self.metrics = SqlMetrics(database)
        self.memo = SqlMemo(database)
        self.access = SqlAccess(database)
        self.peers = SqlPeers(database)
        self.catalogue = PostgresCatalogue(database)
        self.blobs = ExplainedBlobs(blobs, self.nodes)

    def problems(self) -> list[str]:
        return self.database.problems()

    def close(self) -> None:
        super().close()
        self.database.close()


def open_postgres(url: str, create: bool) -> PostgresStore:
    """Open the store in the database at ``url``; make one there when there is none and ``create`` says so.

    url : ``postgresql://user@host:port/database``. ``?blobs=s3://bucket/prefix`` (or ``INSTAR_BLOBS``) says where the
        blobs of a new store shall lie, and the database remembers it. The password comes from the URL, or from where
        PostgreSQL's own programs take it (PGPASSWORD, ``~/.pgpass``)

    Raises NotFound when there is none, NewerStore when a newer Instar wrote it, StoreUnreachable when a server gives no
    answer or refuses us.
    """
    location, given = without_secrets(url), dict(parse_qsl(urlsplit(url).query)).get(BLOBS, "")
    password = _password(url)
    database = _open_database(location, password, create, given or os.environ.get("INSTAR_BLOBS", ""))
    try:
        folder = home_folder() / "stores" / digest_value(location)[:16]
        folder.mkdir(parents=True, exist_ok=True)
        where = _remembered(database) or _remember(database, given or os.environ.get("INSTAR_BLOBS", ""))
        if given and _tidy(given) != where:
            raise Conflict(
                f"the store {location} has its blobs at {where}, not at {given}; leave `?blobs=` out. To move them, copy "
                f"all objects, then `UPDATE setting SET value = '{given}' WHERE key = 'blobs'`"
            )
        blobs = ObjectBlobs(where, database) if "://" in where else FolderBlobs(Path(where))
        return PostgresStore(location, folder, database, blobs, password)
    except BaseException:
        database.close()
        raise


def _open_database(location: str, password: str | None, create: bool, blobs: str) -> Database:
    try:
        from instar.store.sql.postgresql import Postgresql
    except ImportError as error:
        raise DriverMissing(
            f"the store {location} needs a driver for PostgreSQL ({error}): pip install 'instar[postgres]'"
        ) from error
    try:
        backend = Postgresql(make_url(location).set(password=password), location, PATIENCE)
    except (ArgumentError, ValueError) as error:
        raise BadInput(f"store {location}: {error}; write postgresql://user@host:port/database") from error
    try:
        return Database(backend, PATIENCE, create=False)
    except NotFound:
        if not create:
            raise
    probe(_chosen(location, blobs))  # no tables without a place for blobs
    return Database(backend, PATIENCE)


def _chosen(location: str, blobs: str) -> str:
    if not blobs:
        raise BadInput(
            f"the store {location} is new: say once where its blobs shall lie, with `?blobs=s3://bucket/prefix` at the end "
            "of its URL or in INSTAR_BLOBS (a folder that all machines share will do too); the database remembers it"
        )
    return _tidy(blobs)


def _remembered(database: Database) -> str | None:
    def read(sql: Connection) -> str | None:
        found: str | None = sql.execute(select(tables.setting.c.value).where(tables.setting.c.key == BLOBS)).scalar()
        return found

    return database.read(read)


def _remember(database: Database, blobs: str) -> str:
    """Claim the place first: two stores never share one. Another process may be faster."""
    where = _chosen(database.where, blobs)
    claim(where, SqlPeers(database).id())
    database.write(lambda sql: insert_new(sql, tables.setting, [{"key": BLOBS, "value": where}]))
    return _remembered(database) or where


def _tidy(blobs: str) -> str:
    return blobs.rstrip("/") if "://" in blobs else str(Path(blobs).expanduser())


def _password(url: str) -> str | None:
    parts = urlsplit(url)
    return make_url(url).password if parts.password else dict(parse_qsl(parts.query)).get("password")
