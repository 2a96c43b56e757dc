"""Finding, opening and sharing an embedded store; what survives a crash."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from instar.base.errors import BadInput, Corrupt, NotFound
from instar.base.ids import event_id
from instar.store import Store, migrations, open_store
from instar.store.keeping.check import check
from instar.store.records import File, Node, Record
from instar.store.sql.database import Database, Interrupted, NewerStore, StoreBroken, StoreBusy
from instar.store.sql.nodes import SqlNodes


def test_the_nearest_store_upwards_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with open_store() as store:
        monkeypatch.chdir(below)
        assert open_store() is store
        assert store.folder == tmp_path / ".instar"


def test_the_environment_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTAR_STORE", str(tmp_path / "shared"))
    with open_store() as store:
        assert store.folder == tmp_path / "shared"


def test_a_store_is_not_made_when_that_was_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="instar init"):
        open_store(tmp_path / "nothing", create=False)
    assert not (tmp_path / "nothing").exists()


def test_a_file_or_an_address_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    for location in (tmp_path / "x", "ftp://example.org"):
        with pytest.raises(BadInput, match="folder"):
            open_store(location)


def test_a_store_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        folder = store.folder
    with sqlite3.connect(folder / "store.db") as sql:
        sql.execute("UPDATE instar_schema SET version_num = '9999'")
    before = (folder / "store.db").read_bytes()
    with pytest.raises(NewerStore, match=r"9999.*Upgrade"):
        open_store(tmp_path)
    assert (folder / "store.db").read_bytes() == before


def test_the_migrations_from_nothing_give_the_tables_of_the_code(tmp_path: Path) -> None:
    """The first statement makes a version row older than all, so that alembic has everything to do."""
    with sqlite3.connect(tmp_path / "old.db") as sql:
        sql.execute("CREATE TABLE instar_schema (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    Database(tmp_path / "new.db").close()
    database = Database(tmp_path / "old.db")
    from instar.store.migrations import upgrade
    from instar.store.sql.tables import HEAD

    database.write(lambda sql: upgrade(sql, HEAD))
    database.close()
    schemas = []
    for name in ("old.db", "new.db"):
        with sqlite3.connect(tmp_path / name) as sql:
            assert sql.execute("SELECT version_num FROM instar_schema").fetchall() == [(HEAD,)]
            made = sql.execute("SELECT name, sql FROM sqlite_master WHERE name != 'instar_schema'")
            schemas.append({each: "".join((sql or "").split()) for each, sql in made if "instar_schema" not in each})
    assert schemas[0] == schemas[1]


def test_a_migration_says_its_tables_itself() -> None:
    """What ``tables.py`` says tomorrow must not change what a step of yesterday makes."""
    for path in (Path(migrations.__file__).parent / "versions").glob("*.py"):
        assert "tables" not in path.read_text().replace("``sql/tables.py``", "")


def test_a_corrupt_blob_is_refused_with_its_digest_and_place(store: Store) -> None:
    digest = store.blobs.put(b"precious")
    node = Node(event_id(), "run")
    store.nodes.put([Record((node,), files=(File(node.id, "a", digest, 8),))])
    path = store.folder / "blobs" / digest[:2] / digest[2:]
    path.write_bytes(b"altered!")
    with pytest.raises(Corrupt, match=f"{digest}.*good copy"):
        store.blobs.read(digest)
    findings = check(store)
    assert not findings.clean
    assert digest in findings.problems[0]
    assert node.id in findings.problems[0]


def test_check_finds_a_missing_blob_and_a_wrong_id(store: Store) -> None:
    node = Node(event_id(), "run")
    store.nodes.put([Record((node, Node("c" * 32, "file", "ff")), files=(File(node.id, "a", "0" * 64, 8),))])
    problems = "\n".join(check(store).problems)
    assert "no blob" in problems
    assert "does not follow from its digest" in problems


def test_threads_that_write_at_once_all_get_through_and_a_mistake_undoes_only_itself(store: Store) -> None:
    def put(number: int) -> bool:
        node = Node(event_id() if number % 5 else "not an id", "run", name=str(number))
        try:
            store.nodes.put([Record((node,))])
        except BadInput:
            return False
        return node.id in store.nodes.has([node.id])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(put, range(100))) == [bool(number % 5) for number in range(100)]


_WRITER = """
import sys
from instar.base.ids import event_id
from instar.store import open_store
from instar.store.records import Node, Record
store = open_store(sys.argv[1])
for number in range(int(sys.argv[2])):
    blob = store.blobs.put(str(number).encode() * 100)
    node = Node(event_id(), "run", name=sys.argv[3])
    store.nodes.put([Record((node,))])
    print(node.id, flush=True)
"""


def _writer(folder: Path, number: int, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder), str(number), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_write_one_store(store: Store) -> None:
    writers = [_writer(store.folder, 30, name) for name in ("ana", "eva")]
    written = [id for writer in writers for id in writer.communicate(timeout=120)[0].split()]
    assert len(written) == 60
    assert store.nodes.has(written) == set(written)
    assert check(store).clean


@pytest.mark.parametrize("after", [1, 7, 20])
def test_what_was_acknowledged_survives_kill_9(store: Store, after: int) -> None:
    writer = _writer(store.folder, 100_000, "ana")
    assert writer.stdout is not None
    written = [writer.stdout.readline().strip() for _ in range(after)]
    os.kill(writer.pid, signal.SIGKILL)
    written += writer.stdout.read().split("\n")[:-1]
    writer.wait()
    assert len(written) >= after
    assert store.nodes.has(written) == set(written)
    assert check(store).clean


def test_a_writer_that_never_ends_gives_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db", patience=0.2)
    nodes = SqlNodes(database)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    node = Node(event_id(), "run")
    with pytest.raises(StoreBusy, match=r"another writer for 0.2 s.*try again"):
        nodes.put([Record((node,))])
    other.execute("ROLLBACK")
    other.close()
    nodes.put([Record((node,))])
    assert nodes.has([node.id]) == {node.id}
    database.close()


def test_a_database_that_is_none_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"garbage " * 1000)
    with pytest.raises(StoreBroken, match=r"store.db: file is not a database; .*backup.*`instar check`"):
        open_store(tmp_path)
    assert path.read_bytes() == b"garbage " * 1000


def test_an_emptied_database_beside_blobs_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.blobs.put(b"precious")
    for path in tmp_path.glob("store.db*"):
        path.write_bytes(b"")
    with pytest.raises(StoreBroken, match=r"store.db: .* it has 0 bytes, while the blobs .*backup"):
        open_store(tmp_path)
    assert (tmp_path / "store.db").read_bytes() == b""


def test_a_damaged_database_is_named_when_it_is_read(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.nodes.put([Record(tuple(Node(event_id(), "run", name="a" * 100) for _ in range(1000)))])
    data = bytearray((tmp_path / "store.db").read_bytes())
    data[8192:] = b"x" * (len(data) - 8192)
    (tmp_path / "store.db").write_bytes(data)
    with pytest.raises(StoreBroken, match=r"store.db: .*malformed; .*backup"), open_store(tmp_path) as store:
        store.nodes.since()


def test_a_database_that_may_not_be_written_is_named(store: Store) -> None:
    def forbid(sql: Connection) -> None:
        sql.exec_driver_sql("PRAGMA query_only=ON")

    database = Database(store.folder / "store.db")
    database.read(forbid)  # one connection is in the pool: the write gets it
    with pytest.raises(StoreBroken, match=r"store.db: attempt to write a readonly database; .*right to write"):
        SqlNodes(database).put([Record((Node(event_id(), "run"),))])
    database.close()


class StruckOnce(Database):
    """Ctrl-C strikes the first thread that is about to commit, while the work of others waits beside its own."""

    struck: threading.Event | None = None

    def _commit(self, own: Any) -> None:
        if self.struck is not None and not self.struck.is_set():
            while len(self._queue) < 3:
                time.sleep(0.001)
            self.struck.set()
            raise KeyboardInterrupt
        super()._commit(own)


def test_an_interrupted_write_is_not_written_and_takes_no_other_with_it(tmp_path: Path) -> None:
    database = StruckOnce(tmp_path / "store.db")
    database.struck = threading.Event()
    nodes, ids = SqlNodes(database), [event_id() for _ in range(3)]

    def put(id: str) -> bool:
        try:
            nodes.put([Record((Node(id, "run"),))])
        except KeyboardInterrupt:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        written = list(pool.map(put, ids))
    assert sorted(written) == [False, True, True]
    assert nodes.has(ids) == {id for id, done in zip(ids, written, strict=True) if done}
    database.close()


def test_whoever_shared_a_commit_with_an_interrupted_write_hears_that_nothing_is_sure(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    nodes, ids, release = SqlNodes(database), [event_id() for _ in range(4)], threading.Event()

    def interrupt(sql: Connection) -> None:
        raise KeyboardInterrupt

    def attempt(write: Callable[[], None]) -> bool:
        try:
            write()
        except (KeyboardInterrupt, Interrupted):
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(database.write, lambda sql: release.wait(60))
        while len(database._queue) < 1:
            time.sleep(0.001)
        puts = [pool.submit(attempt, partial(nodes.put, [Record((Node(id, "run"),))])) for id in ids]
        puts.append(pool.submit(attempt, lambda: database.write(interrupt)))
        while len(database._queue) < 6:
            time.sleep(0.001)
        release.set()
        assert first.result()
        written = [put.result() for put in puts]
    assert not written[-1]
    assert nodes.has(ids) == {id for id, done in zip(ids, written, strict=False) if done}
    nodes.put([Record((Node(ids[0], "run"),))])
    database.close()
