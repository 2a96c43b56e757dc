"""``why`` and ``impact``: what something came from, and what came of it, as a graph and as a tree of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from instar.base.ids import is_id
from instar.store.protocols import reads
from instar.store.provenance.filtering import filtered
from instar.store.records import Edge, Graph, Node
from instar.store.store import Store

LIVE = "live"  # the label of a deployment whose value is the id of the version that is served; empty: none


@dataclass(frozen=True)
class Branch:
    """A node in a tree of words. role : why it hangs here;  again : it was shown above, with what is below it"""

    node: Node
    role: str = ""
    again: bool = False
    below: list[Branch] = field(default_factory=list)


@reads()
def why(
    store: Store,
    what: str,
    depth: int | None = None,
    project: str = "",
    kinds: Sequence[str] = (),
    stage: str = "",
    since: int | None = None,
    until: int | None = None,
) -> Graph:
    """Everything that ``what`` (an id, its beginning, or a name) came from, down to the source files.

    depth : only so many edges away;  kinds, stage : only nodes of these kinds, or in this stage
    since, until : only nodes made then (microseconds), and the content that they are tied to
    The graph says how much was left out; edges lead over what was filtered out. Raises NotFound, Conflict, BadInput.
    """
    graph = store.nodes.ancestors(_id(store, what, project), depth)
    return filtered(store, graph, kinds, stage, since, until)


@reads()
def impact(
    store: Store,
    what: str,
    depth: int | None = None,
    project: str = "",
    kinds: Sequence[str] = (),
    stage: str = "",
    since: int | None = None,
    until: int | None = None,
) -> Graph:
    """Everything that came from ``what``, up to the live deployments; filtered as for ``why``."""
    graph = store.nodes.descendants(_id(store, what, project), depth)
    return filtered(store, graph, kinds, stage, since, until)


def _id(store: Store, what: str, project: str) -> str:
    return what if is_id(what) else store.nodes.resolve(what, project)


def with_makers(store: Store, graph: Graph) -> Graph:
    """The graph with the edges that say which of its activities made which of its things.

    The walk upwards leaves them out, since it does not pass through what was used; a whole picture shows them.
    """
    edges = store.nodes.edges([node.id for node in graph.nodes], "out", "generated")
    made = [edge for edge in edges if edge.dst in graph.depth]
    return msgspec.structs.replace(graph, edges=tuple(dict.fromkeys((*graph.edges, *made))))


@reads()
def live_deployments(store: Store, what: str, project: str = "") -> list[Node]:
    """The deployment versions that came from ``what`` (or are it) and are live now."""
    versions = store.nodes.reached(_id(store, what, project), "down", ["deployment_version"])
    named = {edge.src: edge.dst for edge in store.nodes.edges([node.id for node in versions], "out", "specialization")}
    labels = store.labels.of(sorted(set(named.values())))
    live = {id: labels[deployment].get(LIVE) for id, deployment in named.items()}
    return [node for node in versions if (label := live.get(node.id)) and label.value == node.id]


def tree(graph: Graph, hide: frozenset[str] = frozenset({"chunk", "environment", "code"})) -> Branch:
    """The graph as a tree from its start; each node is unfolded once. Kinds in ``hide`` are left out.

    A long chain is no problem: nothing here recurses.
    """
    nodes = {node.id: node for node in graph.nodes}
    after = _after(graph)
    root = Branch(nodes[graph.start])
    shown = {graph.start}
    front = [root]
    while front:
        following = []
        for branch in front:
            for id, role in after.get(branch.node.id, ()):
                if nodes[id].kind in hide:
                    continue
                twig = Branch(nodes[id], role, again=id in shown)
                branch.below.append(twig)
                if not twig.again:
                    shown.add(id)
                    following.append(twig)
        front = following
    return root


def _after(graph: Graph) -> dict[str, list[tuple[str, str]]]:
    """For each node what hangs below it. An input stands once, below what it was used for, not again as ``informed``."""
    up = graph.start in {edge.src for edge in graph.edges} or len(graph.nodes) == 1
    after: dict[str, dict[str, str]] = {}
    for edge in graph.edges:
        here, there = (edge.src, edge.dst) if up else (edge.dst, edge.src)
        after.setdefault(here, {}).setdefault(there, _words(edge))
    return {here: list(below.items()) for here, below in after.items()}


def _words(edge: Edge) -> str:
    return f"{edge.rel} {edge.role}".strip()


def walk(root: Branch) -> Iterator[tuple[int, Branch]]:
    """All branches from the root down, each with its depth."""
    stack = [(0, root)]
    while stack:
        depth, branch = stack.pop()
        yield depth, branch
        stack += [(depth + 1, twig) for twig in reversed(branch.below)]


def called(node: Node, number: int | None = None) -> str:
    """``films@2``, or a file's path, or the verb of an activity.

    >>> called(Node("00", "model_version", name="rating"), 2)
    'rating@2'
    """
    name = node.name or str(node.doc.get("path", ""))
    return name if number is None else f"{name}@{number}"


def title(node: Node, number: int | None = None) -> str:
    """One line for people: kind, name, short id.

    >>> title(Node("0123456789abcdef0123456789abcdef", "model_version", name="movie-rating"), 2)
    'model version movie-rating@2 01234567'
    """
    return " ".join(part for part in (node.kind.replace("_", " "), called(node, number), node.id[:8]) if part)
