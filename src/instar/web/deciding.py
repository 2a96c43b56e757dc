"""Who may write what decides: a lifting, an erasure. Nodes are a contributor's to put, whatever store they were made in;
what takes back somebody's objection, or somebody's bytes, needs the role that its own verb needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from instar.base.errors import Forbidden
from instar.serve.tokens import Identity
from instar.store.keeping.invalidation import NEEDED
from instar.store.protocols import ROLES
from instar.store.records import Node, Record
from instar.store.store import Store

EVERYWHERE = "everywhere"


def need_to_decide(store: Store, records: Sequence[Record], identity: Identity) -> None:
    """Raises Forbidden when ``records`` hold a decision that is news here and not for ``identity`` to make.

    What is known already may come again, so that whoever pulled it can push the rest.
    """
    for node in decisions(store, records):
        role = NEEDED[node.kind]
        if identity.rank < ROLES.index(role):
            raise Forbidden(
                f"{node.kind} {node.id} is a decision of the role {role}, and this token has the role {identity.role}; "
                f"nothing of this call was written. Let somebody with the role {role} push it; after that, go on by the "
                "same command"
            )
        if identity.project and node.doc.get(EVERYWHERE):
            raise Forbidden(
                f"{node.kind} {node.id} is for all projects, and this token is for {identity.project}; nothing of this "
                "call was written. Let an admin of all projects push it"
            )


def decisions(store: Store, records: Sequence[Record]) -> Iterator[Node]:
    """The nodes that decide and that ``records`` would write, make earlier, or put against something more."""
    given = {node.id: node for record in records for node in record.nodes if node.kind in NEEDED}
    edges = [edge for record in records for edge in record.edges if edge.rel == "invalidated"]
    asked = given.keys() | {edge.src for edge in edges}
    if not asked:
        return
    known = {node.id: node for node in store.nodes.get(sorted(store.nodes.has(asked))) if node.kind in NEEDED}
    there = set(store.nodes.edges(sorted(known), "out", "invalidated")) if known else set()
    yield from (node for id, node in given.items() if id not in known or _differs(node, known[id]))
    yield from (known[edge.src] for edge in edges if edge.src in known and edge not in there)


def _differs(given: Node, known: Node) -> bool:
    """A decision is made once: its time and author are the same in every store."""
    return (given.created_at, given.created_by) != (known.created_at, known.created_by)
