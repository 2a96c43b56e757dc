"""What was recorded against something, or against anything it came from, and was not lifted."""

from __future__ import annotations

from collections.abc import Mapping

from instar.base import clock
from instar.store.lineage import title
from instar.store.protocols import Nodes


def invalidations(nodes: Nodes, subject: str) -> list[str]:
    """What stands against ``subject`` or anything it came from: unlifted revocations and invalidations, in words."""
    ancestors = nodes.ancestors(subject).nodes
    return against_any(nodes, {node.id: title(node) for node in ancestors}, subject)


def against_any(nodes: Nodes, names: Mapping[str, str], subject: str) -> list[str]:
    edges = nodes.edges(sorted(names), "in", "invalidated")
    lifted = {edge.dst for edge in nodes.edges(sorted({edge.src for edge in edges}), "in", "invalidated")}
    found = []
    for edge in edges:
        if edge.src not in lifted:
            event = nodes.get([edge.src])[0]
            what = (
                "it was revoked" if edge.dst == subject else f"{names[edge.dst]}, which it came from, was invalidated"
            )
            reason = f": {event.doc['reason']}" if event.doc.get("reason") else ""
            by = event.doc.get("by") or event.created_by
            found.append(f"{what} by {by} on {clock.as_text(event.created_at)}{reason} ({event.kind} {event.id})")
    return found
