"""What ``check`` sees."""

from __future__ import annotations

import sqlite3

import pytest

from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store
from instar.store.check import check
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
