"""What a picture shows as one: equal siblings, such as the 128 chunks of a dataset, and ways that go without saying."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from instar.store.provenance.lineage import called
from instar.store.records import Edge, Graph, Node

MANY = 4  # so many equal siblings, or more, are one box


@dataclass(frozen=True)
class Box:
    """One node, or several that have the same kind and neighbours. id : of the (first) node;  name : may be empty"""

    id: str
    kind: str
    name: str
    nodes: tuple[Node, ...]

    @property
    def words(self) -> str:
        """
        >>> Box("0f", "model_version", "rating@2", (Node("0f", "model_version"),)).words
        'model version'
        """
        return self.kind.replace("_", " ")


@dataclass(frozen=True)
class Picture:
    """The boxes of a graph, and its edges between them by the ids of boxes."""

    start: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def picture(graph: Graph, numbers: dict[str, int] | None = None) -> Picture:
    """The graph with equal siblings as one box. numbers : of versions, for their names

    An edge ``informed`` is left out where the content that it is about is drawn: the way over it says the same.
    """
    neighbours: dict[str, set[tuple[str, str, bool]]] = defaultdict(set)
    for edge in graph.edges:
        neighbours[edge.src].add((edge.dst, edge.rel, True))
        neighbours[edge.dst].add((edge.src, edge.rel, False))
    alike: dict[tuple[str, frozenset[tuple[str, str, bool]]], list[Node]] = defaultdict(list)
    for node in graph.nodes:
        own = node.id if node.id == graph.start else ""
        alike[node.kind + own, frozenset(neighbours[node.id])].append(node)
    files = {edge.dst: edge.role for edge in graph.edges if edge.rel == "used"}  # an import says what a file was called
    boxes = []
    for some in alike.values():
        several = [tuple(some)] if len(some) >= MANY else [(node,) for node in some]
        boxes += [_box(nodes, numbers or {}, files) for nodes in several]
    box_of = {node.id: box.id for box in boxes for node in box.nodes}
    edges = dict.fromkeys(Edge(box_of[edge.src], edge.rel, box_of[edge.dst], edge.role) for edge in graph.edges)
    return Picture(graph.start, tuple(boxes), tuple(_said_once(list(edges))))


def _box(nodes: tuple[Node, ...], numbers: dict[str, int], files: dict[str, str]) -> Box:
    first = nodes[0]
    if len(nodes) > 1:
        plural = first.kind.replace("_", " ").removesuffix("y") + ("ies" if first.kind.endswith("y") else "s")
        return Box(first.id, first.kind, f"{len(nodes)} {plural}", nodes)
    step = str(first.doc.get("step") or first.doc.get("verb") or "")
    name = called(first, numbers.get(first.id)) or (files.get(first.id, "") if first.kind == "file" else step)
    return Box(first.id, first.kind, name, nodes)


def _said_once(edges: list[Edge]) -> list[Edge]:
    """One edge between two boxes, and none beside the way over content."""
    above: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        above[edge.src].add(edge.dst)
    between: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        over = edge.rel == "informed" and any(edge.dst in above.get(id, ()) for id in above[edge.src] - {edge.dst})
        if not over:
            between.setdefault((edge.src, edge.dst), edge)
    return list(between.values())
