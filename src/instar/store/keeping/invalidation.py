"""Invalidation: something was found to be wrong, and so is what came of it, until a lifting names the invalidation.

One rule decides, and it looks at edges alone: what stands against something counts until a ``lifting`` refers to it. No
clock, label or order of arrival can lift it. A lifting is not taken back: whoever knows better invalidates anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import BadInput
from instar.base.ids import event_id
from instar.base.settings import project_setting
from instar.store.protocols import Nodes, Role, reads, writes
from instar.store.provenance.lineage import title
from instar.store.records import Edge, Node, Record
from instar.store.store import Store

Verb = Literal["invalidation", "revocation", "erasure", "lifting"]
AGAINST = ("revocation", "invalidation")  # an erasure takes bytes away; it does not say that they were wrong
EVENTS = (*AGAINST, "erasure", "lifting")
# Who may decide, where a server asks; whatever a token may write besides, what decides needs this role.
NEEDED: Mapping[str, Role] = {"lifting": "approver", "erasure": "admin"}
LIVE = "live"  # the label of a deployment whose value is the id of the version that is served; empty: none


class Objection(msgspec.Struct, frozen=True):
    """What was recorded against something.

    event : its id;  subject, title : what it is directly against;  project : it was recorded in
    everywhere : of an erasure: it took every project's claim, not only that of its own;  lifted : it counts no more
    """

    event: str
    kind: str
    subject: str
    title: str
    reason: str
    by: str
    at: int | None
    project: str = ""
    everywhere: bool = False
    lifted: bool = False

    def __str__(self) -> str:
        """
        >>> str(Objection("0e", "invalidation", "0f", "file omdb.csv", "wrong year", "ana", 0))
        'file omdb.csv was invalidated by ana on 1970-01-01 00:00:00Z: wrong year (invalidation 0e)'
        """
        return f"{self.title} was {_PAST[self.kind]} {self.told}"

    @property
    def told(self) -> str:
        """By whom, when and why."""
        reason = f": {self.reason}" if self.reason else ""
        return f"by {self.by} on {clock.as_text(self.at)}{reason} ({self.kind} {self.event})"


_PAST = {"revocation": "revoked", "invalidation": "invalidated", "erasure": "erased"}


class Tainted(msgspec.Struct, frozen=True):
    """What came from something: all of it is in doubt when that is invalid.

    against : what stands against it, or against what it came from;  counts : of what came from it, by kind
    deployments : versions that are live now;  homologations : evidence and signatures;  segments : of predictions
    """

    start: str
    against: tuple[Objection, ...]
    counts: dict[str, int]
    deployments: tuple[Node, ...]
    models: tuple[Node, ...]
    homologations: tuple[Node, ...]
    segments: tuple[Node, ...]


@writes(repeatable=False)
def invalidate(store: Store, what: str, reason: str, project: str = "", also: Sequence[str] = ()) -> Node:
    """Say that ``what`` (an id, its beginning, or a name), and ``also`` others, is wrong; the invalidation.

    Nothing is removed. Whatever came from it is not homologated any more, and a server stops to serve it.
    Raises BadInput without a reason, and for an invalidation or lifting.
    """
    return record_against(store, "invalidation", [store.nodes.resolve(each, project) for each in (what, *also)], reason)


@writes(NEEDED["lifting"], repeatable=False)
def lift(store: Store, event: str, reason: str) -> Node:
    """Take back an invalidation, revocation or erasure by its id; the lifting. Raises BadInput for anything else."""
    return record_against(store, "lifting", [store.nodes.resolve(event)], reason)


def record_against(
    store: Store,
    kind: Verb,
    ids: Sequence[str],
    reason: str,
    by: str = "",
    project: str = "",
    kinds: tuple[str, ...] = (),
    more: Mapping[str, Any] = {},
) -> Node:
    """Record an event against the nodes of ``ids``.

    project : it is recorded in; else that of the nodes;  kinds : what they may be;  more : what its ``doc`` says besides
    """
    if not reason.strip():
        raise BadInput(f"{_article(kind)} needs a reason; say why")
    nodes = store.nodes.get(list(dict.fromkeys(ids)))
    for node in nodes:
        if kind == "lifting":
            _need_kind(node, kind, kinds or (*AGAINST, "erasure"))
        elif kinds:
            _need_kind(node, kind, kinds)
        elif node.kind in EVENTS:
            raise BadInput(f"{node.id} is {_article(node.kind)}; it is taken back with `instar lift {node.id[:8]}`")
    doc = {"subject": nodes[0].id, "reason": reason, "by": by or actor().name, **more}
    project = project or next((node.project for node in nodes if node.project), "") or project_setting(None)
    event = Node(event_id(), kind, "", project, nodes[0].name, clock.now(), actor().name, doc)
    store.nodes.put([Record((event,), tuple(Edge(event.id, "invalidated", node.id, kind) for node in nodes))])
    return event


def _need_kind(node: Node, kind: str, kinds: tuple[str, ...]) -> None:
    if node.kind not in kinds:
        allowed = " or ".join(kinds).replace("_", " ")
        raise BadInput(f"{node.id} is {_article(node.kind)}; {_article(kind)} is of a {allowed}")


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def standing_against(nodes: Nodes, ids: Sequence[str], kinds: Sequence[str] = AGAINST) -> list[Objection]:
    """What was recorded directly against ``ids`` and not lifted, in order of recording."""
    return [each for each in recorded_against(nodes, ids, kinds) if not each.lifted]


def recorded_against(nodes: Nodes, ids: Sequence[str], kinds: Sequence[str] = AGAINST) -> list[Objection]:
    """The same with what was lifted since."""
    if not (edges := nodes.edges(sorted(set(ids)), "in", "invalidated")):
        return []
    told = {node.id: node for node in nodes.get(sorted({id for edge in edges for id in (edge.src, edge.dst)}))}
    wanted = [edge for edge in edges if told[edge.src].kind in kinds]
    lifted = _lifted(nodes, [edge.src for edge in wanted])
    pairs = dict.fromkeys((edge.src, edge.dst) for edge in wanted)  # once, in whatever roles
    return [_objection(told[event], told[subject], event in lifted) for event, subject in pairs]


def _lifted(nodes: Nodes, events: Sequence[str]) -> set[str]:
    """Those of ``events`` that a lifting names."""
    edges = nodes.edges(sorted(set(events)), "in", "invalidated")
    kinds = {node.id: node.kind for node in nodes.get(sorted({edge.src for edge in edges}))}
    return {edge.dst for edge in edges if kinds[edge.src] == "lifting"}


def _objection(event: Node, subject: Node, lifted: bool) -> Objection:
    return Objection(
        event=event.id,
        kind=event.kind,
        subject=subject.id,
        title=title(subject),
        reason=str(event.doc.get("reason", "")),
        by=str(event.doc.get("by") or event.created_by),
        at=event.created_at,
        project=event.project,
        everywhere=bool(event.doc.get("everywhere")),
        lifted=lifted,
    )


def objections(nodes: Nodes, subject: str) -> list[Objection]:
    """What stands against ``subject`` or anything it came from."""
    return standing_against(nodes, [node.id for node in nodes.ancestors(subject).nodes])


def invalidations(nodes: Nodes, subject: str) -> list[str]:
    """The same in words, seen from ``subject``."""
    return [_seen_from(subject, each) for each in objections(nodes, subject)]


def against_itself(nodes: Nodes, subject: str, kinds: Sequence[str] = AGAINST) -> list[str]:
    """In words what stands against ``subject`` itself, whatever it came from."""
    return [_seen_from(subject, each) for each in standing_against(nodes, [subject], kinds)]


def _seen_from(subject: str, found: Objection) -> str:
    if found.subject == subject:
        return f"it was {_PAST[found.kind]} {found.told}"
    return f"{found.title}, which it came from, was {_PAST[found.kind]} {found.told}"


@reads()
def tainted(store: Store, what: str, project: str = "") -> Tainted:
    """What came from ``what``: models, homologations, live deployments, segments of predictions, and all by kind."""
    start = store.nodes.resolve(what, project)
    below = [node for node in store.nodes.descendants(start).nodes if node.id != start and node.kind not in EVENTS]
    live = {label.value for label in store.labels.where(LIVE)}
    return Tainted(
        start=start,
        against=tuple(objections(store.nodes, start)),
        counts=dict(sorted(Counter(node.kind for node in below).items())),
        deployments=tuple(node for node in below if node.id in live),
        models=_of(below, "model_version"),
        homologations=_of(below, "evidence", "signature"),
        segments=_of(below, "segment"),
    )


def _of(nodes: Sequence[Node], *kinds: str) -> tuple[Node, ...]:
    return tuple(sorted((node for node in nodes if node.kind in kinds), key=lambda node: node.id))


def flags(store: Store, ids: Sequence[str]) -> Mapping[str, list[Objection]]:
    """Of each of ``ids`` what stands against it or what it came from; those that are sound are left out."""
    found = {id: objections(store.nodes, id) for id in ids}
    return {id: against for id, against in found.items() if against}
