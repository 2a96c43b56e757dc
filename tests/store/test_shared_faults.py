"""What a shared store survives: several processes, lost connections, an object store that dies, removal beside asking."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
import pytest
from sqlalchemy import Connection
from tests.services import PostgresServer, S3Server

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, Corrupt
from instar.base.ids import event_id
from instar.store import Store, objects
from instar.store.keeping.check import check
from instar.store.objects import PIECE, ObjectBlobs, open_objects
from instar.store.postgres import PostgresStore
from instar.store.records import Metric, Node, Record
from instar.store.sql import leases
from instar.store.sql.failures import OutcomeUnknown, StoreUnreachable

_WRITER = """
import sys
from instar.base.ids import event_id
from instar.store import open_store
from instar.store.records import Node, Record
from tests.contracts.store.nodes import model_version
store = open_store(sys.argv[1])
for number in range(25):
    blob = store.blobs.put(str(number).encode() * 100)
    record = model_version("rating", f"{sys.argv[2]}{number}")
    store.nodes.put([record])
    print(record.nodes[1].id, flush=True)
"""


def test_two_processes_write_one_store_and_their_versions_are_numbered_without_a_gap(shared_store: Store) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, shared_store.location, name],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name in ("ana", "eva")
    ]
    seen: list[str] = []  # by a reader that follows them: what came first is never missed
    cursor = ""
    while any(writer.poll() is None for writer in writers):
        page = shared_store.nodes.since(cursor, 10)
        seen += [node.id for node in page.record.nodes]
        cursor = page.cursor
    while (page := shared_store.nodes.since(cursor)).record.nodes:
        seen += [node.id for node in page.record.nodes]
        cursor = page.cursor
    written = [id for writer in writers for id in writer.communicate(timeout=120)[0].split()]
    assert len(written) == 50
    assert set(seen) >= set(written)
    assert sorted(shared_store.nodes.numbers(written).values()) == list(range(1, 51))
    assert check(shared_store).clean


def test_connections_that_were_lost_at_rest_are_replaced(
    shared_store: PostgresStore, postgres_server: PostgresServer, postgres_url: str
) -> None:
    first, second = Node(event_id(), "run"), Node(event_id(), "run")
    shared_store.nodes.put([Record((first,))])
    postgres_server.end_connections(postgres_url)
    assert shared_store.nodes.has([first.id]) == {first.id}
    postgres_server.end_connections(postgres_url)
    shared_store.nodes.put([Record((second,))])
    assert shared_store.nodes.has([second.id]) == {second.id}


def test_a_write_that_lost_its_connection_in_the_middle_is_written_once(
    shared_store: PostgresStore, postgres_server: PostgresServer, postgres_url: str
) -> None:
    database, tries = shared_store.database, list[int]()

    def write(sql: Connection) -> None:
        tries.append(1)
        sql.exec_driver_sql("INSERT INTO audit (at, action, subject, by, detail) VALUES (1, 'a', '', '', '')")
        if len(tries) == 1:
            postgres_server.end_connections(postgres_url)
            sql.exec_driver_sql("SELECT 1")

    database.write(write)
    assert (len(tries), len(shared_store.access.audited())) == (2, 1)


def test_a_commit_whose_answer_was_lost_says_so_and_can_be_repeated(
    shared_store: PostgresStore, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """A trigger ends the connection in the moment of the commit."""
    postgres_server.execute(
        "CREATE FUNCTION strike() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
        postgres_url,
    )
    postgres_server.execute(
        "CREATE CONSTRAINT TRIGGER struck AFTER INSERT ON node DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION strike()",
        postgres_url,
    )
    record = Record((Node(event_id(), "run"),))
    with pytest.raises(OutcomeUnknown, match=r"may be written or not; do it again"):
        shared_store.nodes.put([record])
    postgres_server.execute("DROP TRIGGER struck ON node", postgres_url)
    for _ in range(2):
        shared_store.nodes.put([record])
    assert len(shared_store.nodes.since().record.nodes) == 1


def test_a_mistake_in_one_of_many_writes_that_share_a_commit_undoes_only_itself(shared_store: Store) -> None:
    def put(number: int) -> bool:
        node = Node(event_id() if number % 5 else "not an id", "run", name=str(number))
        try:
            shared_store.nodes.put([Record((node,))])
        except BadInput:
            return False
        return node.id in shared_store.nodes.has([node.id])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(put, range(60))) == [bool(number % 5) for number in range(60)]


def test_an_object_store_that_died_is_named_and_used_again_when_it_is_back(
    shared_store: Store, s3_server: S3Server, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(b"x" * (2 * PIECE))
    kept = shared_store.blobs.put(b"kept")
    s3_server.kill()
    try:
        with pytest.raises(StoreUnreachable, match=r"s3://tests/.*gives no answer.*do this again"):
            shared_store.blobs.put(b"new")
        with pytest.raises(StoreUnreachable, match="gives no answer"):
            shared_store.blobs.put_file(tmp_path / "big")
        with pytest.raises(StoreUnreachable, match="gives no answer"):
            shared_store.blobs.read(kept)
        node = Node(event_id(), "run")
        shared_store.nodes.put([Record((node,))])  # what needs no blobs goes on
    finally:
        s3_server.start()
    assert shared_store.blobs.read(kept) == b"kept"
    assert shared_store.blobs.put(b"new") == digest_bytes(b"new")
    digest, _ = shared_store.blobs.put_file(tmp_path / "big")
    assert shared_store.blobs.has([digest]) == {digest}
    assert check(shared_store).clean


# --------------------------------------------------------------------------------------------------------------- blobs


@pytest.fixture
def blobs(shared_store: PostgresStore, s3_url: str) -> ObjectBlobs:
    return ObjectBlobs(s3_url, shared_store.database)


def test_a_large_file_goes_in_parts_and_comes_back(blobs: ObjectBlobs, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (10 * PIECE // 1024) + b"end")
    for _ in range(2):
        digest, size = blobs.put_file(path)
    assert size == path.stat().st_size
    assert blobs.fetch(digest, tmp_path / "copy") == size
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_a_file_that_changes_while_it_is_sent_never_appears(
    blobs: ObjectBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * (2 * PIECE))
    monkeypatch.setattr(objects, "digest_file", lambda path: digest_bytes(b"what it was"))
    with pytest.raises(BadInput, match="changed while it was read"):
        blobs.put_file(path)
    assert list(blobs.list()) == []


def test_a_damaged_object_is_refused_with_its_place_and_repaired_by_putting_it_again(
    blobs: ObjectBlobs, s3_url: str, tmp_path: Path
) -> None:
    digest = blobs.put(b"precious")
    for damage in (b"altered!", b"half"):
        obstore.put(open_objects(s3_url), f"{digest[:2]}/{digest[2:]}", damage)
        with pytest.raises(Corrupt, match=f"{digest} at {s3_url}/{digest[:2]}/{digest[2:]} is corrupt"):
            blobs.read(digest)
        with pytest.raises(Corrupt):
            blobs.fetch(digest, tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
        assert blobs.put(b"precious") == digest
        assert blobs.read(digest) == b"precious"


def test_whoever_asks_while_objects_are_removed_hears_the_truth(
    blobs: ObjectBlobs, shared_store: PostgresStore, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question comes when the leases were read and nothing is removed yet: it must wait, and then say no."""
    digest, asked, answers = blobs.put(b"old"), threading.Event(), list[set[str]]()
    other = ObjectBlobs(s3_url, shared_store.database)

    def ask() -> None:
        asked.set()
        answers.append(other.has([digest]))

    asking = threading.Thread(target=ask)
    touched = leases.touched

    def read_then_wait(sql: Connection, digests: list[str]) -> dict[str, int]:
        found = touched(sql, digests)
        asking.start()
        asked.wait()
        asking.join(0.3)  # it cannot end before us
        assert not answers
        return found

    monkeypatch.setattr(leases, "touched", read_then_wait)
    assert blobs.collect([digest], clock.now() + clock.SECOND) == [digest]
    asking.join()
    assert answers == [set()]
    assert blobs.put(b"old") == digest
    monkeypatch.undo()


def test_a_lease_taken_at_the_last_moment_is_honoured(blobs: ObjectBlobs) -> None:
    digest = blobs.put(b"old")
    before = clock.now()
    assert blobs.has([digest]) == {digest}
    assert blobs.collect([digest], before) == []
    assert blobs.read(digest) == b"old"


def test_metrics_of_two_machines_are_followed_without_a_gap(shared_store: Store) -> None:
    run, cursor, seen = event_id(), "", set[str]()

    def write(key: str) -> None:
        for step in range(5):
            shared_store.metrics.append([Metric(run, f"{key}{step}", step, 0, 1.0)])

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, key) for key in "abcd"]
        while not all(each.done() for each in writing):
            page = shared_store.metrics.since(cursor)
            seen |= {each.key for each in page.series}
            cursor = page.cursor
    seen |= {each.key for each in shared_store.metrics.since(cursor).series}
    assert seen == {f"{key}{step}" for key in "abcd" for step in range(5)}
