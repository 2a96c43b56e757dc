"""Backups of an embedded store while it is in use, and stores made from them.

A backup is a folder: ``backup.json``, which names the copy of the database that counts, that copy, and ``blobs/``. It is
switched to the new copy in one rename, after all that the copy refers to is there. So an interrupted backup leaves the
one before it, or none, and never a half one. Blobs are copied, not linked: damage to one file must not be damage to both.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec

from instar.base import clock
from instar.base.digests import digest_file
from instar.base.errors import BadInput, Conflict, Corrupt, NotFound
from instar.base.settings import DATABASE
from instar.store.blobs import FolderBlobs, every_blob
from instar.store.embedded import EmbeddedStore
from instar.store.keeping.gc import blobs_named
from instar.store.keeping.tombstones import Erased, gone
from instar.store.protocols import Blobs
from instar.store.sql.copying import copy_database, sync
from instar.store.sql.database import Database
from instar.store.sql.nodes import SqlNodes
from instar.store.sql.peers import SqlPeers
from instar.store.store import Store

SAYS = "backup.json"
JOURNAL = "journal"  # answers that are not yet sealed into a dataset
PAGE = 5000
Progress = Callable[[int, int], None]


class Backup(msgspec.Struct, frozen=True):
    """What ``backup.json`` says. store : the id of the store that it is of;  digest : of the copy of the database

    blobs : how many it has;  copied : of these, by the last backup;  freed : old ones that the last backup removed
    missing : blobs that the store itself did not have, or had damaged: they are in no backup
    """

    store: str
    location: str
    at: int
    database: str
    digest: str
    blobs: int
    copied: int
    freed: int
    missing: tuple[str, ...] = ()


def backup(store: Store, to: Path, progress: Progress = lambda done, of: None) -> Backup:
    """Copy ``store`` into the folder ``to``; where a backup of it lies there already, only what is new is copied.

    progress : called with (blobs done, blobs in all)
    Raises BadInput for a store that is no folder, Conflict when ``to`` holds something else.
    """
    if not isinstance(store, EmbeddedStore):
        raise BadInput(
            f"{store.location} is not a folder; back up its database and its bucket with their own tools, or pull it "
            "into a folder: `instar pull`"
        )
    _need_ours(store, to)
    to.mkdir(parents=True, exist_ok=True)
    name = f"store-{clock.now()}.db"
    copy_database(store.folder / DATABASE, to / name)
    _copy_journal(store.folder, to)
    blobs = FolderBlobs(to / "blobs")
    wanted = _referenced(to / name, store.blobs)
    wanted -= set(gone(store.nodes, wanted - store.blobs.has(wanted), lifted=True))
    missing, copied = [], 0
    for done, digest in enumerate(sorted(wanted), 1):
        if not blobs.has([digest]):
            try:
                _take(store.blobs, digest, to / "blobs")
                copied += 1
            except Erased:  # just now
                wanted.discard(digest)
            except (Corrupt, NotFound) as error:
                missing.append(f"{digest}: {error}")
        progress(done, len(wanted))
    freed = [blob.digest for blob in every_blob(blobs) if blob.digest not in wanted]
    said = Backup(
        store.id,
        store.location,
        clock.now(),
        name,
        digest_file(to / name),
        len(wanted) - len(missing),
        copied,
        len(freed),
        tuple(missing),
    )
    _say(to, said)
    for digest in freed:
        blobs.delete(digest)
    _tidy(to, keep=name)
    return said


def read_backup(folder: Path) -> Backup:
    """What lies in ``folder``. Raises NotFound when no backup was finished there, Corrupt when its database was changed."""
    if not (folder / SAYS).exists():
        begun = any(folder.glob("store-*.db*")) if folder.is_dir() else False
        step = "it was interrupted before it was whole: make it again" if begun else "make one with `instar backup`"
        raise NotFound("backup", str(folder), next_step=step)
    said = msgspec.json.decode((folder / SAYS).read_bytes(), type=Backup)
    path = folder / said.database
    if not path.exists():
        raise NotFound("database", str(path), next_step="the backup lost it; use another backup")
    if (found := digest_file(path)) != said.digest:
        raise Corrupt(said.digest, found, str(path))
    return said


def restore(source: Path, folder: Path, progress: Progress = lambda done, of: None) -> Backup:
    """Make the store ``folder`` from a backup, every byte checked. It is another store, with an id of its own.

    Raises Conflict when there is something in ``folder`` already, Corrupt when a file of the backup was altered. On an
    error there is no new store.
    """
    said = read_backup(source)
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(
            f"{folder} is not empty; nothing was restored. Name a folder that is not there yet, with --store"
        )
    made = folder.with_name(f"{folder.name}.restoring-{uuid4().hex[:8]}")
    try:
        _fill(made, source, said, progress)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(made, ignore_errors=True)  # what is left when it failed
    return said


def _fill(made: Path, source: Path, said: Backup, progress: Progress) -> None:
    made.mkdir(parents=True)
    (made / ".gitignore").write_text("*\n")
    old = FolderBlobs(source / "blobs")
    FolderBlobs(made / "blobs")
    digests = [blob.digest for blob in every_blob(old)]
    for done, digest in enumerate(digests, 1):
        _take(old, digest, made / "blobs")
        progress(done, len(digests))
    _copy_journal(source, made)
    shutil.copyfile(source / said.database, made / DATABASE)  # it is at rest
    if (found := digest_file(made / DATABASE)) != said.digest:
        raise Corrupt(said.digest, found, str(source / said.database))
    sync(made / DATABASE)
    database = Database(made / DATABASE)
    SqlPeers(database).renew()
    database.close()


def _need_ours(store: Store, to: Path) -> None:
    """Nothing of somebody else's is ever written over; a backup of this store, also an interrupted one, is ours."""
    if not to.exists() or not any(to.iterdir()):
        return
    if (to / SAYS).exists():
        said = msgspec.json.decode((to / SAYS).read_bytes(), type=Backup)
        if said.store != store.id:
            raise Conflict(f"{to} is a backup of another store, {said.location}; name another folder")
    elif not any(to.glob("store-*.db*")):
        raise Conflict(f"{to} is not empty and holds no backup; name another folder")


def _referenced(database: Path, blobs: Blobs) -> set[str]:
    """The blobs that the copy refers to."""
    opened = Database(database)
    try:
        nodes = SqlNodes(opened)
        return set(_digests(nodes)) | set(blobs_named(nodes, blobs))
    finally:
        opened.close()


def _digests(nodes: SqlNodes) -> Iterator[str]:
    cursor, more = "", True
    while more:
        page = nodes.since(cursor, PAGE)
        cursor, more = page.cursor, page.more
        yield from (file.digest for file in page.record.files)


def _take(blobs: Blobs, digest: str, folder: Path) -> None:
    """Copy a blob, checked, synced, and under its name only when it is whole."""
    path, aside = folder / digest[:2] / digest[2:], folder / "tmp" / uuid4().hex
    aside.parent.mkdir(exist_ok=True)
    path.parent.mkdir(exist_ok=True)
    try:
        blobs.fetch(digest, aside)
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def _copy_journal(source: Path, to: Path) -> None:
    """Open segments only grow, so that what is there now is a whole beginning of each."""
    names = set()
    for path in sorted((source / JOURNAL).glob("*.log")):
        (to / JOURNAL).mkdir(exist_ok=True)
        names.add(path.name)
        aside = to / JOURNAL / f"{path.name}.tmp"
        aside.write_bytes(path.read_bytes())
        sync(aside)
        aside.replace(to / JOURNAL / path.name)
    for path in (to / JOURNAL).glob("*.log"):
        if path.name not in names:  # sealed since: its records are in the database
            path.unlink()


def _say(folder: Path, said: Backup) -> None:
    aside = folder / f"{SAYS}.tmp"
    aside.write_bytes(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
    sync(aside)
    aside.replace(folder / SAYS)
    sync(folder)


def _tidy(folder: Path, keep: str) -> None:
    """Remove copies of the database that count no more, and what interrupted backups left."""
    for path in folder.glob("store-*.db*"):
        if path.name != keep:
            path.unlink()
