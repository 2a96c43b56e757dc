"""What is on record about a version: its gates and their evidence."""

from __future__ import annotations

from instar.base.digests import digest_bytes
from instar.models.evidence import Evidence
from instar.models.published import Published
from instar.models.shelf import file_of
from instar.store.records import Node

FILE = "evidence.json"


def gates_of(version: Published) -> list[str]:
    """The ids of the gate activities that judged ``version``, oldest first."""
    nodes = version.store.nodes
    users = [edge.src for edge in nodes.edges([version.id], "in", "used") if edge.role == "version"]
    gates = [node for node in nodes.get(users) if node.kind == "activity" and node.doc.get("verb") == "gate"]
    return [node.id for node in sorted(gates, key=lambda node: (node.created_at or 0, node.id))]


def evidence_of(version: Published) -> list[tuple[Node, Evidence]]:
    """The evidence nodes about ``version`` with what they say, oldest first."""
    nodes = version.store.nodes
    gates = gates_of(version)
    made = {edge.dst: edge.src for edge in nodes.edges(gates, "in", "generated")}
    found = []
    for node in nodes.get([made[gate] for gate in gates if gate in made]):
        data = file_of(version.store, node.id, FILE)
        if data is not None and digest_bytes(data) == node.digest:
            found.append((node, Evidence.from_bytes(data)))
    return [(node, evidence) for node, evidence in found if evidence.version == version.id]
