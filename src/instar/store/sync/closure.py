"""One artifact with its ancestry: what it came from, what was decided about any of that, and what is needed to use it."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import TopologicalSorter

from instar.store.records import Edge, Node, Record, Series
from instar.store.store import Store
from instar.store.sync.parcel import Parcels
from instar.store.sync.whole import PAGE, append_points, merge_labels

# What judges something, or decides about it, is recorded after it and belongs to it.
ABOUT = ("report", "evidence", "signature", "revocation", "invalidation", "lifting", "erasure")


def send_one(parcels: Parcels, start: str) -> None:
    """Bring the node ``start`` with everything that belongs to it. Ancestors go first: at any moment the target is whole."""
    source = parcels.source
    nodes = {node.id: node for node in belonging(source, start)}
    for record in _pages(nodes, source.nodes.edges(sorted(nodes), "out")):
        ids = [node.id for node in record.nodes]
        details = Record(
            features=tuple(source.nodes.features(ids)),
            params=tuple(source.nodes.params(ids)),
            files=tuple(source.nodes.files(ids)),
        )
        parcels.send(record + details, source.nodes.numbers(ids))
    parcels.settle()
    ids = sorted(nodes)
    for first in range(0, len(ids), PAGE):
        some = ids[first : first + PAGE]
        merge_labels(parcels, [label for each in source.labels.of(some).values() for label in each.values()])
        runs = [id for id in some if nodes[id].kind == "run"]
        append_points(parcels, [Series(run, key) for run, last in source.metrics.last(runs).items() for key in last])


def belonging(store: Store, start: str) -> list[Node]:
    """The ancestors of ``start``, what is said about them, and the ancestors of that, until nothing is new."""
    found: dict[str, Node] = {}
    front = [start]
    while front:
        fresh: dict[str, Node] = {}
        for id in front:
            if id not in found:
                fresh |= {node.id: node for node in store.nodes.ancestors(id).nodes if node.id not in found}
                found |= fresh
        front = sorted(id for id in _about(store, fresh) if id not in found)
    return list(found.values())


def _about(store: Store, nodes: dict[str, Node]) -> set[str]:
    """Decisions against any of ``nodes``; evaluations and evidence of a model, with the signatures under it."""
    against = {edge.src for edge in store.nodes.edges(sorted(nodes), "in", "invalidated")}
    judged = [id for id, node in nodes.items() if node.kind in ("bundle", "model_version", "evidence")]
    users = {edge.src for edge in store.nodes.edges(sorted(judged), "in", "used")}
    made = store.nodes.edges(sorted(users), "in", "generated")
    kinds = {node.id: node.kind for node in store.nodes.get(sorted(users | {edge.src for edge in made}))}
    judgements = {edge.src for edge in made if kinds[edge.src] in ABOUT}
    judges = {edge.dst for edge in made if edge.src in judgements}
    return against | judgements | judges | {id for id in users if kinds[id] in ABOUT}


def _pages(nodes: dict[str, Node], edges: list[Edge]) -> Iterator[Record]:
    """Everything after what it came from; an edge goes with the later of its ends."""
    inside = [edge for edge in edges if edge.src in nodes and edge.dst in nodes]
    order: TopologicalSorter[str] = TopologicalSorter({id: () for id in nodes})
    for edge in inside:
        if edge.rel != "used":  # a step may give content again that it read
            order.add(edge.src, edge.dst)
    place = {id: number // PAGE for number, id in enumerate(order.static_order())}
    pages: list[tuple[list[Node], list[Edge]]] = [([], []) for _ in range(0, len(place), PAGE)]
    for id, page in place.items():
        pages[page][0].append(nodes[id])
    for edge in inside:
        pages[max(place[edge.src], place[edge.dst])][1].append(edge)
    for some, theirs in pages:
        yield Record(tuple(some), tuple(theirs))
