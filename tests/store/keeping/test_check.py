"""What ``check`` sees."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from instar.base import clock
from instar.base.errors import Corrupt
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.data.datasets.chunks import parquet_bytes
from instar.data.datasets.dataset import import_data
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.keeping.erasure import erase
from instar.store.keeping.gc import collect
from instar.store.records import Edge, File, Node, Record


@pytest.mark.parametrize(
    ("node", "sound"),
    [
        (Node(named_id("p", "model", "a"), "model", "", "p", "a"), True),
        (Node(named_id("p", "model", "a"), "model", "", "p", "b"), False),
        (Node(version_id("p", "dataset_version", "a", "d"), "dataset_version", "d", "p", "a"), True),
        (Node(version_id("p", "dataset_version", "a", "d"), "dataset_version", "e", "p", "a"), False),
        (Node(version_id("p", "deployment_version", "a", "d"), "deployment_version", "d", "q", "a"), False),
        (Node(content_id("chunk", "d"), "chunk", "d"), True),
        (Node(content_id("chunk", "d"), "table", "d"), False),
    ],
)
def test_an_id_must_follow_from_what_the_node_says(store: Store, node: Node, sound: bool) -> None:
    store.nodes.put([Record((node,))])
    problems = check(store).problems
    assert [f"{node.kind} {node.id}: its id does not follow from" in problem for problem in problems] == [True] * (
        not sound
    )


def test_whoever_used_what_was_made_must_be_informed_by_a_maker(store: Store) -> None:
    maker, user = Node(event_id(), "activity"), Node(event_id(), "activity")
    table = Node(content_id("table", "d"), "table", "d")
    edges = (Edge(table.id, "generated", maker.id, "out"), Edge(user.id, "used", table.id, "in"))
    store.nodes.put([Record((maker, user, table), edges)])
    [problem] = check(store).problems
    assert f"activity {user.id} used {table.id} and is informed by none" in problem
    store.nodes.put([Record(edges=(Edge(user.id, "informed", maker.id, "in"),))])
    assert check(store).clean


def test_the_size_of_a_file_is_that_of_its_blob(store: Store) -> None:
    run, digest = Node(event_id(), "run"), store.blobs.put(b"precious")
    store.nodes.put([Record((run,), files=(File(run.id, "a", digest, 9),))])
    [problem] = check(store).problems
    assert problem == f"file a of node {run.id}: recorded with 9 bytes, its blob {digest} has 8"


def test_a_row_that_refers_to_nothing_is_found(store: Store) -> None:
    with sqlite3.connect(store.folder / "store.db") as sql:
        sql.execute("INSERT INTO link (src, dst, rel, role) VALUES (1, 2, 'member', '')")
    assert "the database: row 1 of link refers to a node that is not there" in check(store).problems


def test_a_node_that_is_not_there_is_named(store: Store) -> None:
    run = Node(event_id(), "run")
    store.nodes.put([Record((run,))])
    with sqlite3.connect(store.folder / "store.db") as sql:
        sql.execute("INSERT INTO label (id, subject, key, value, at, by) VALUES ('1', 'x', 'tag', 'a', 1, 'ana')")
        sql.execute("INSERT INTO metric_last (run, key, step, at, value, changed) VALUES ('y', 'loss', 0, 0, 0, 9)")
    problems = "\n".join(check(store).problems)
    assert "a label is of node x, which is not there" in problems
    assert "a metric is of run y, which is not there" in problems


def test_a_version_without_a_number_is_named(store: Store) -> None:
    version = import_data("films", pl.DataFrame({"x": [1]}), store=store)
    with sqlite3.connect(store.folder / "store.db") as sql:
        sql.execute("DELETE FROM number")
    assert check(store).problems == [f"version {version.id} has no number"]


def test_a_clock_that_was_wrong_is_a_warning_only(store: Store) -> None:
    first = Node(event_id(), "activity", created_at=clock.now() + clock.HOUR)
    second = Node(event_id(), "activity", created_at=clock.now())
    store.nodes.put([Record((first, second), (Edge(second.id, "informed", first.id, "in"),))])
    findings = check(store)
    assert findings.clean
    [warning] = findings.warnings
    assert "a clock was wrong" in warning


def test_a_manifest_must_list_the_chunks_of_its_version(store: Store) -> None:
    version = import_data("films", pl.DataFrame({"x": [1, 2, 3]}), chunk_rows=1, store=store)
    assert check(store).clean
    stray = import_data("other", pl.DataFrame({"x": [9]}), store=store).chunks[0].id
    store.nodes.put([Record(edges=(Edge(version.id, "member", stray),))])
    [problem] = check(store).problems
    assert "its manifest lists 3 chunks, it has edges to 4; 1 are on one side only" in problem


def test_rows_that_are_not_those_of_the_chunk_are_found(store: Store) -> None:
    wrong = parquet_bytes(pl.DataFrame({"x": [1]}))
    chunk = Node(content_id("chunk", "d" * 64), "chunk", "d" * 64)
    store.nodes.put([Record((chunk,), files=(File(chunk.id, "data.parquet", store.blobs.put(wrong), len(wrong)),))])
    [problem] = check(store).problems
    assert f"chunk {chunk.id}: its rows have the digest" in problem


def test_damaged_and_missing_blobs_are_repaired_from_a_store_that_has_them(store: Store, tmp_path: Path) -> None:
    version = import_data("films", pl.DataFrame({"x": [1, 2, 3]}), chunk_rows=1, store=store)
    digests = [chunk.file for chunk in version.chunks]
    lost = Node(event_id(), "run")
    gone = store.blobs.put(b"nobody else has it")
    store.nodes.put([Record((lost,), files=(File(lost.id, "a", gone, 18),))])
    with open_store(tmp_path / "other") as other:
        import_data("films", pl.DataFrame({"x": [1, 2, 3]}), chunk_rows=1, store=other)
        store.blobs.delete(digests[0])
        store.blobs.delete(gone)
        (store.folder / "blobs" / digests[1][:2] / digests[1][2:]).write_bytes(b"altered")
        assert len(check(store).problems) == 3
        findings = check(store, repair=other)
        assert len(findings.repaired) == 2
        [problem] = findings.problems
        assert gone in problem
        assert f"not repaired from {other.location}" in problem
    assert version.to_polars()["x"].to_list() == [1, 2, 3]
    assert len(check(store).problems) == 1


def test_a_damaged_blob_says_where_a_good_copy_may_be(store: Store, tmp_path: Path) -> None:
    pl.DataFrame({"x": [1]}).write_csv(tmp_path / "films.csv")
    version = import_data("films", tmp_path / "films.csv", store=store)
    digest = version.chunks[0].file
    (store.folder / "blobs" / digest[:2] / digest[2:]).write_bytes(b"altered")
    with pytest.raises(Corrupt, match=rf"{digest}.*`instar check --repair STORE` .* import {tmp_path}/films.csv again"):
        version.to_polars()


def test_bytes_that_were_to_be_erased_are_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import_data("films", pl.DataFrame({"x": [1]}), store=store)
    with monkeypatch.context() as patch:
        patch.setattr("instar.store.keeping.erasure._remove", lambda store, digests: None)
        erase(store, "films@1", "why")
    problems = check(store).problems
    assert len(problems) == 2
    assert "was erased, and its bytes are still here; `instar gc` removes them" in problems[0]
    collect(store)
    assert check(store).clean
