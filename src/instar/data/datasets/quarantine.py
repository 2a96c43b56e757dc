"""How many rows were set apart on the way to a dataset version, and where a row of a version lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instar.base.errors import BadInput
from instar.data.datasets.chunks import Chunk

if TYPE_CHECKING:
    from instar.data.drift.drift import Version
    from instar.store import Store
    from instar.store.records import Node

_SOURCE = "source"


def quarantined(store: Store, version: str) -> dict[str, int]:
    """Rows that steps set apart when the dataset version with this id was made, by the words for the step.

    It asks the record: the activities between the version and the dataset versions that it was made from. A version that
    came from an import, or through no step that sets rows apart, gives nothing.
    """
    made = [edge.dst for edge in store.nodes.edges([version], "out", "generated")]
    found: dict[str, int] = {}
    # Of each activity, whether the way to it leads through the rows it kept: the quarantine's own rows are not without them.
    waiting, seen = dict.fromkeys(made, True), set[str]()
    while waiting:
        seen |= waiting.keys()
        nodes = {node.id: node for node in store.nodes.get(sorted(waiting))}
        for node in nodes.values():
            if waiting[node.id] and (count := node.doc.get("told", {}).get("quarantined")):
                found[_words(node)] = found.get(_words(node), 0) + count
        onwards = [id for id, node in nodes.items() if node.name != _SOURCE]
        edges = store.nodes.edges(sorted(onwards), "out", "informed") if onwards else []
        waiting = {edge.dst: edge.role.rpartition(":")[2] == "out" for edge in edges if edge.dst not in seen}
    return dict(sorted(found.items()))


def place(version: Version, row: int) -> tuple[Chunk, int]:
    """The chunk that holds the row with this number, and the row's number in it; both count from 0."""
    first = 0
    for chunk in version.chunks:
        if first <= row < first + chunk.rows:
            return chunk, row - first
        first += chunk.rows
    raise BadInput(f"{version} has {first} rows, numbered from 0; it has no row {row}")


def _words(activity: Node) -> str:
    return str(activity.doc.get("step", activity.name))
