"""Pictures of a lineage."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from tests.store.graphs import Story, records

from instar.store import Store
from instar.store.provenance.draw import mermaid, svg
from instar.store.provenance.lineage import why, with_makers
from instar.store.records import Edge, Graph, Node, Record

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_names_everything_and_says_what_it_is(store: Store) -> None:
    story = Story().put(store)
    graph = with_makers(store, why(store, "rating@1"))
    numbers = store.nodes.numbers(list(graph.depth))
    root = ElementTree.fromstring(svg(graph, numbers, href="/nodes/{id}", title="Lineage of <rating> & co"))
    assert root.findtext(f"{SVG}title") == "Lineage of <rating> & co"
    assert (root.findtext(f"{SVG}desc") or "").startswith(f"{len(graph.nodes)} nodes")
    words = {text.text for text in root.iter(f"{SVG}text")}
    assert {"films.csv", "films@1", "rating@1", "6 chunks", "train Ridge", "state", "data", "model", "work"} <= words
    assert f"/nodes/{story.nodes['model'].id}" in {link.get("href") for link in root.iter(f"{SVG}a")}


def test_a_picture_loads_nothing_from_elsewhere(store: Store) -> None:
    Story(name="<script>alert(1)</script>").put(store)
    text = svg(why(store, "model:<script>alert(1)</script>"), title="x")
    assert "<script" not in text
    assert not re.search(r"(href|src|url\()\W*https?:", text)


def test_equal_siblings_are_one_box_and_few_stay_apart(store: Store) -> None:
    Story(chunks=128).put(store)
    assert "128 chunks" in svg(why(store, "rating@1"))
    Story(film="g", chunks=3, name="other").put(store)
    assert "chunks" not in svg(why(store, "other@1"))


def test_a_picture_of_two_hundred_nodes_stays_small_and_its_boxes_do_not_overlap() -> None:
    nodes = [Node(f"{number:032x}", "activity", name=f"step {number}") for number in range(200)]
    edges = [Edge(nodes[at].id, "informed", nodes[(at - 1) // 3].id) for at in range(1, 200)]
    text = svg(Graph(nodes[0].id, tuple(nodes), tuple(edges), dict.fromkeys([node.id for node in nodes], 0)))
    boxes = [
        tuple(float(found) for found in each)
        for each in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="168"', text)
    ]
    assert len(boxes) >= 60  # siblings at the ends are together
    for place, (x, y) in enumerate(boxes):
        assert all(abs(x - left) >= 168 or abs(y - top) >= 40 for left, top in boxes[place + 1 :])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(records())
def test_any_lineage_is_drawn_as_a_document_that_can_be_read(record: Record) -> None:
    ids = {node.id: 0 for node in record.nodes}
    graph = Graph(record.nodes[0].id, record.nodes, record.edges, ids)
    root = ElementTree.fromstring(svg(graph))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", -1)) <= width
        assert 0 <= float(text.get("y", -1)) <= height
    assert mermaid(graph).startswith("flowchart LR")


def test_mermaid_text_has_every_box_and_arrow(store: Store) -> None:
    Story(name='a "quoted" [name]').put(store)
    graph = why(store, 'model:a "quoted" [name]')
    lines = mermaid(graph).splitlines()
    assert lines[0] == "flowchart LR"
    assert any("6 chunks" in line for line in lines)
    assert not any('"quoted"' in line for line in lines)
