"""How things are told in an answer: short ids, and nodes as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from instar.base import clock

if TYPE_CHECKING:
    from instar.store.records import Node
    from instar.store.store import Store

SHORT = 8


def short(id: str) -> str:
    """The beginning of an id; made of time first, an event's says more with twelve digits."""
    return id[:12] if id.startswith("0") else id[:SHORT]


def described(store: Store, nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """Nodes as plain values, versions with their number."""
    from instar.store.provenance.lineage import called

    numbers = store.nodes.numbers([node.id for node in nodes])
    return [
        {
            "id": node.id,
            "kind": node.kind,
            "name": called(node, numbers.get(node.id)),
            "project": node.project,
            "digest": node.digest,
            "created_at": node.created_at,
            "created": clock.as_text(node.created_at),
            "by": node.created_by,
            "doc": node.doc,
        }
        for node in nodes
    ]
