"""Questions about lineage that one walk does not answer, and notes about several things."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import BadInput
from instar.base.ids import event_id
from instar.base.settings import project_setting
from instar.store.protocols import reads, writes
from instar.store.records import Edge, Node, Record
from instar.store.store import Store

LONGEST = 10_000  # letters of a note


class Shared(msgspec.Struct, frozen=True):
    """What two things both came from.

    nearest : the common ancestors that no other of them came from, which is where the two parted
    all : how many they share
    """

    a: Node
    b: Node
    nearest: tuple[Node, ...]
    all: int


@reads()
def common_ancestors(store: Store, a: str, b: str, project: str = "") -> Shared:
    """The nearest things that both ``a`` and ``b`` came from. Code and environments do not count: they are no data.

    A thing is its own ancestor here: of a model and its dataset, the dataset is the nearest.
    """
    first, second = (store.nodes.ancestors(store.nodes.resolve(each, project)) for each in (a, b))
    nodes = {node.id: node for node in first.nodes if node.kind not in ("code", "environment")}
    shared = nodes.keys() & {node.id for node in second.nodes}
    passed = {edge.dst for edge in store.nodes.edges(sorted(shared), "out")}
    nearest = sorted((nodes[id] for id in shared - passed), key=lambda node: (first.depth[node.id], node.kind, node.id))
    return Shared(first.nodes[0], second.nodes[0], tuple(nearest), len(shared))


@writes()
def note(store: Store, text: str, subjects: Sequence[str], project: str = "") -> Node:
    """Note something about one thing or several: an event that stays as it is, below each of its subjects.

    Raises BadInput for an empty text, NotFound for an unknown subject; nothing is kept then.
    """
    if not text.strip() or len(text) > LONGEST:
        raise BadInput(f"a note has 1 to {LONGEST:,} letters, this one {len(text):,}")
    if not subjects:
        raise BadInput("a note is about something: name one thing or several")
    ids = list(dict.fromkeys(store.nodes.resolve(each, project) for each in subjects))
    name = " ".join(text.split())[:60]
    node = Node(
        event_id(), "note", "", project_setting(project or None), name, clock.now(), actor().name, {"text": text}
    )
    store.nodes.put([Record((node,), tuple(Edge(node.id, "derived", id, "about") for id in ids))])
    return node


@reads()
def notes(store: Store, what: str, project: str = "") -> list[Node]:
    """The notes about a thing, oldest first."""
    id = store.nodes.resolve(what, project)
    about = [edge.src for edge in store.nodes.edges([id], "in", "derived") if edge.role == "about"]
    found = [node for node in store.nodes.get(about) if node.kind == "note"]
    return sorted(found, key=lambda node: (node.created_at or 0, node.id))
