"""Showing a part of a lineage: what is left out is counted, and edges lead over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from instar.base.errors import BadInput, suggestion
from instar.store.find.conditions import KINDS
from instar.store.records import Edge, Graph, Node
from instar.store.store import Store

OVER = "…"  # the role of an edge that leads over nodes which were filtered out
STAGE = "stage"


def filtered(
    store: Store, graph: Graph, kinds: Sequence[str], stage: str, since: int | None, until: int | None
) -> Graph:
    """The nodes of ``graph`` that pass all filters, and its start. Raises BadInput for an unknown kind."""
    for kind in kinds:
        if kind not in KINDS:
            raise BadInput(f"unknown kind {kind!r}; {suggestion(kind, sorted(KINDS))}")
    if not (kinds or stage) and since is None and until is None:
        return graph
    wanted = {*kinds, *(f"{kind}_version" for kind in kinds)}  # as in find, a model is also each version of it
    passing = {node.id for node in graph.nodes if not kinds or node.kind in wanted}
    if stage:
        labels = store.labels.of([node.id for node in graph.nodes])
        passing &= {id for id, known in labels.items() if (label := known.get(STAGE)) and label.value == stage}
    if since is not None or until is not None:
        passing &= _within(graph, since, until)
    return without(graph, passing)


def _within(graph: Graph, since: int | None, until: int | None) -> set[str]:
    """The nodes made between two times, and content (which has no time) that was made or used by one of them."""

    def holds(node: Node) -> bool:
        at = node.created_at
        return at is not None and (since is None or at >= since) and (until is None or at <= until)

    timeless = {node.id for node in graph.nodes if node.created_at is None}
    within = {node.id for node in graph.nodes if holds(node)}
    ends = [(edge.src, edge.dst) for edge in graph.edges] + [(edge.dst, edge.src) for edge in graph.edges]
    return within | {here for here, there in ends if here in timeless and there in within}


def without(graph: Graph, passing: Collection[str]) -> Graph:
    """The graph of its start and the nodes of ``passing``; an edge over what lies between stands for the way through."""
    kept = {graph.start, *passing} & graph.depth.keys()
    hidden = Counter(node.kind for node in graph.nodes if node.id not in kept)
    if not hidden:
        return graph
    direct = [edge for edge in graph.edges if edge.src in kept and edge.dst in kept]
    return msgspec.structs.replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.id in kept),
        edges=(*direct, *_over(graph, kept, {(edge.src, edge.dst) for edge in direct})),
        depth={id: far for id, far in graph.depth.items() if id in kept},
        hidden={kind: hidden[kind] + graph.hidden.get(kind, 0) for kind in sorted({*hidden, *graph.hidden})},
    )


def _over(graph: Graph, kept: Collection[str], direct: Collection[tuple[str, str]]) -> list[Edge]:
    """For each kept node the next kept ones behind nodes that are hidden."""
    above: dict[str, list[str]] = {}
    for edge in graph.edges:
        above.setdefault(edge.src, []).append(edge.dst)
    edges = []
    for node in graph.nodes:
        if node.id not in kept:
            continue
        front = [id for id in above.get(node.id, ()) if id not in kept]
        seen = set(front)
        reached: dict[str, None] = {}
        while front:
            for id in above.get(front.pop(), ()):
                if id in kept:
                    reached[id] = None
                elif id not in seen:
                    seen.add(id)
                    front.append(id)
        edges += [Edge(node.id, "derived", id, OVER) for id in reached if id != node.id and (node.id, id) not in direct]
    return edges
