"""PROV-JSON of a lineage (W3C member submission, 24 April 2013), to hand on what we know in a standard form.

Content is shared: several activities may have made the same bytes. So each pair (activity, content) is an entity of its
own, a specialization of the content, and it is that entity that the activity generated and that others used.

| ours | PROV |
|---|---|
| run, activity, segment, signing, what is recorded against something | Activity |
| everything else | Entity |
| who made it; who a run is associated with | Agent |
| used, generated, derived, informed, attributed, associated | the relation of that name |
| member, specialization | hadMember, specializationOf |
| invalidated | wasInvalidatedBy |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from instar.base.clock import SECOND
from instar.store.provenance.lineage import with_makers
from instar.store.records import Edge, Graph, Node
from instar.store.store import Store

NAMESPACE = "urn:instar:"
ACTIVITIES = frozenset(("activity", "run", "segment", "signature", "invalidation", "revocation", "erasure", "lifting"))
_BETWEEN = {  # our relation: PROV's, and what it calls src and dst
    "used": ("used", "prov:activity", "prov:entity"),
    "generated": ("wasGeneratedBy", "prov:entity", "prov:activity"),
    "informed": ("wasInformedBy", "prov:informed", "prov:informant"),
    "derived": ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity"),
    "attributed": ("wasAttributedTo", "prov:entity", "prov:agent"),
    "associated": ("wasAssociatedWith", "prov:activity", "prov:agent"),
    "member": ("hadMember", "prov:collection", "prov:entity"),
    "specialization": ("specializationOf", "prov:specificEntity", "prov:generalEntity"),
    "invalidated": ("wasInvalidatedBy", "prov:activity", "prov:entity"),
}
_INFLUENCE = ("wasInfluencedBy", "prov:influencee", "prov:influencer")  # where the kinds of the ends fit no other
Document = dict[str, dict[str, Any]]


def prov_json(store: Store, graph: Graph) -> Document:
    """The graph as a PROV-JSON document: plain values, to be written with any JSON library."""
    return _Writer(with_makers(store, graph), store.nodes.numbers([node.id for node in graph.nodes])).document()


def prov_text(store: Store, graph: Graph) -> str:
    """The same as indented text."""
    return msgspec.json.format(msgspec.json.encode(prov_json(store, graph)), indent=2).decode()


class _Writer:
    """One document in the making."""

    def __init__(self, graph: Graph, numbers: Mapping[str, int]) -> None:
        self.graph = graph
        self.numbers = numbers
        self.nodes = {node.id: node for node in graph.nodes}
        self.parts: dict[str, dict[str, Any]] = defaultdict(dict)
        self.makers: dict[str, list[str]] = defaultdict(list)  # of content, by which activities it was made
        self.informants: dict[str, set[str]] = defaultdict(set)
        for edge in graph.edges:
            if edge.rel == "generated" and edge.dst in self.nodes and self._is_activity(edge.dst):
                self.makers[edge.src].append(edge.dst)
            elif edge.rel == "informed":
                self.informants[edge.src].add(edge.dst)

    def document(self) -> Document:
        for node in self.graph.nodes:
            self._element(node)
        for edge in self.graph.edges:
            for relation, values in self._relations(edge):
                self._add(relation, values)
        return {"prefix": {"instar": NAMESPACE}, **self.parts}

    def _is_activity(self, id: str) -> bool:
        return self.nodes[id].kind in ACTIVITIES

    def _element(self, node: Node) -> None:
        said: dict[str, Any] = {"prov:type": _name(node.kind)}
        if label := node.name or str(node.doc.get("step") or node.doc.get("path") or ""):
            number = self.numbers.get(node.id)
            said["prov:label"] = label if number is None else f"{label}@{number}"
        for key in ("digest", "project"):
            if value := getattr(node, key):
                said[f"instar:{key}"] = value
        acts = node.kind in ACTIVITIES
        if node.created_at is not None:
            said["prov:startTime" if acts else "instar:createdAt"] = _time(node.created_at)
        self.parts["activity" if acts else "entity"][_id(node.id)] = said
        if node.created_by:
            agent = f"instar:agent/{_local(node.created_by)}"
            self.parts.setdefault("agent", {})[agent] = {"prov:label": node.created_by}
            relation, src, dst = _BETWEEN["associated" if acts else "attributed"]
            self._add(relation, {src: _id(node.id), dst: agent})
        for maker in dict.fromkeys(self.makers[node.id]) if self._is_shared(node) else ():
            self.parts["entity"][_made(maker, node.id)] = {"prov:type": _name(node.kind)}
            relation, src, dst = _BETWEEN["specialization"]
            self._add(relation, {src: _made(maker, node.id), dst: _id(node.id)})

    def _is_shared(self, node: Node) -> bool:
        """Whether it is content, which several may make: content has no author and no time."""
        return node.kind not in ACTIVITIES and node.created_at is None

    def _relations(self, edge: Edge) -> Iterator[tuple[str, dict[str, Any]]]:
        """An edge as relations between elements of the kinds that PROV asks for."""
        src, dst = self.nodes[edge.src], self.nodes[edge.dst]
        said = {"instar:relation": edge.rel} | ({"prov:role": edge.role} if edge.role else {})
        acts = src.kind in ACTIVITIES, dst.kind in ACTIVITIES
        relation, first, second = _BETWEEN[edge.rel] if self._fits(edge.rel, *acts) else _INFLUENCE
        if edge.rel == "invalidated" and relation != "wasInfluencedBy":
            yield relation, {"prov:entity": _id(dst.id), "prov:activity": _id(src.id), **said}
        elif edge.rel == "generated" and acts == (False, True) and self._is_shared(src):
            yield relation, {first: _made(dst.id, src.id), second: _id(dst.id), **said}
        elif edge.rel == "used" and acts == (True, False) and self._is_shared(dst):
            for entity in self._used(src.id, dst.id):
                yield relation, {first: _id(src.id), second: entity, **said}
        elif relation in ("hadMember", "specializationOf"):
            yield relation, {first: _id(src.id), second: _id(dst.id)}  # PROV allows these no attributes
        else:
            yield relation, {first: _id(src.id), second: _id(dst.id), **said}

    @staticmethod
    def _fits(relation: str, src_acts: bool, dst_acts: bool) -> bool:
        wanted = {
            "used": (True, False),
            "generated": (False, True),
            "informed": (True, True),
            "invalidated": (True, False),
            "associated": (True, False),
        }
        return wanted.get(relation, (False, False)) == (src_acts, dst_acts)

    def _used(self, activity: str, content: str) -> list[str]:
        """What an activity used: the content as those made it who informed it; else the content itself."""
        makers = [maker for maker in dict.fromkeys(self.makers[content]) if maker in self.informants[activity]]
        return [_made(maker, content) for maker in makers] or [_id(content)]

    def _add(self, relation: str, values: dict[str, Any]) -> None:
        self.parts.setdefault(relation, {})[f"_:r{sum(map(len, self.parts.values()))}"] = values


def _id(id: str) -> str:
    return f"instar:{id}"


def _made(activity: str, content: str) -> str:
    return f"instar:{content}.{activity}"


def _name(kind: str) -> dict[str, str]:
    return {"$": f"instar:{kind}", "type": "prov:QUALIFIED_NAME"}


def _local(name: str) -> str:
    """A name as the local part of a qualified one: other signs as their bytes, so that two names never clash.

    >>> _local("ana"), _local("Eva M.")
    ('ana', 'Eva_20M_2e')
    """
    return "".join(
        letter if letter.isascii() and letter.isalnum() else "".join(f"_{byte:02x}" for byte in letter.encode())
        for letter in name
    )


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat()
