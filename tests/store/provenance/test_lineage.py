"""Lineage as a tree of words."""

from __future__ import annotations

from tests.contracts.store.nodes import content, event, link

from instar.store import Store
from instar.store.provenance.lineage import impact, tree, walk, why
from instar.store.records import Edge, Record


def test_a_tree_unfolds_each_node_once(store: Store) -> None:
    file, load, left, right, train = (
        content("file", "f"),
        event("activity", "import"),
        event("activity", "fit"),
        event("activity", "filter"),
        event("activity", "train"),
    )
    edges: tuple[Edge, ...] = (
        link(load, "used", file),
        link(left, "informed", load, "table:out"),
        link(right, "informed", load, "table:out"),
        link(train, "informed", left, "preparation:state"),
        link(train, "informed", right, "table:out"),
    )
    store.nodes.put([Record((file, load, left, right, train), edges)])
    lines = [
        (depth, branch.node.name or branch.node.kind, branch.again)
        for depth, branch in walk(tree(why(store, train.id)))
    ]
    assert lines == [
        (0, "train", False),
        (1, "fit", False),
        (2, "import", False),
        (3, "file", False),
        (1, "filter", False),
        (2, "import", True),
    ]
    assert {branch.node.id for _, branch in walk(tree(impact(store, file.id)))} == {
        n.id for n in (file, load, left, right, train)
    }
