"""What belongs to something: the versions of a named thing, the chunks of a dataset version, the bundle of a model's."""

from __future__ import annotations

from collections.abc import Sequence

from instar.store.find.query import NAMED
from instar.store.protocols import Nodes

PARTS = {"dataset_version": "chunk", "model_version": "bundle"}


def whole(nodes: Nodes, root: str) -> tuple[list[str], list[str]]:
    """The ids of ``root`` with its parts, and those of parts that something else of the same kind and project has too."""
    node = nodes.get([root])[0]
    versions = [version.id for _, version in nodes.versions(root)] if node.kind in NAMED else []
    wholes = [root, *versions]
    parts = list(dict.fromkeys(part for id in wholes for part in _parts(nodes, id)))
    shared = {part for part in parts if _others(nodes, part, wholes, node.project)}
    return [*wholes, *(part for part in parts if part not in shared)], sorted(shared)


def _parts(nodes: Nodes, id: str) -> list[str]:
    kind = PARTS.get(nodes.get([id])[0].kind)
    if kind is None:
        return []
    made = [edge.dst for edge in nodes.edges([id], "out", "generated")]
    ends = [edge.dst for edge in nodes.edges([id], "out", "member")]
    ends += [edge.dst for edge in nodes.edges(made, "out", "used")] if kind == "bundle" else []
    return [end.id for end in nodes.get(list(dict.fromkeys(ends))) if end.kind == kind]


def _others(nodes: Nodes, part: str, wholes: Sequence[str], project: str) -> bool:
    """Whether another whole of the project has this part."""
    above = [edge.src for edge in nodes.edges([part], "in") if edge.rel in ("member", "used")]
    made = [edge.src for edge in nodes.edges(sorted(set(above)), "in", "generated")] if above else []
    found = nodes.get(sorted({*above, *made} - set(wholes)))
    return any(other.kind in PARTS and other.project == project for other in found)
