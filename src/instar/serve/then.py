"""What was live at some moment, and who had approved it: from the history of labels and the nodes, which never change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from instar.base import clock
from instar.serve.spec import LIVE, Live, live_of
from instar.store import Store
from instar.store.keeping.invalidation import AGAINST
from instar.store.protocols import reads


class Approval(msgspec.Struct, frozen=True):
    """A signature that stood at that moment. version : it is about;  evidence : digest of what was signed"""

    version: str
    by: str
    at: int
    evidence: str
    scope: dict[str, Any]
    signature: str


class LiveThen(msgspec.Struct, frozen=True):
    """A deployment version that was live at a moment.

    since, by : when and by whom it was made live;  candidates : as ``name@number``
    approvals : as recorded; whether a signature is genuine is asked of ``standing`` now
    """

    id: str
    name: str
    number: int
    since: int
    by: str
    candidates: tuple[str, ...]
    approvals: tuple[Approval, ...]


@reads()
def live_at(store: Store, at: int, project: str = "") -> list[LiveThen]:
    """What was live at the moment ``at`` (microseconds), by name; of all projects when none is given."""
    subjects = [label.subject for label in store.labels.where(LIVE)]  # whatever was live at any time
    found = []
    for deployment in store.nodes.get(subjects):
        if deployment.kind != "deployment" or project not in ("", deployment.project):
            continue
        before = [label for label in store.labels.history(deployment.id, LIVE) if label.at <= at]
        if before and before[-1].value:
            live = live_of(store, store.nodes.get([before[-1].value])[0])
            found.append(_then(store, live, before[-1].at, before[-1].by, at))
    return sorted(found, key=lambda each: each.name)


def _then(store: Store, live: Live, since: int, by: str, at: int) -> LiveThen:
    approvals = approvals_at(store, live.spec.versions, at)
    return LiveThen(live.id, live.name, live.number, since, by, live.names, tuple(approvals))


def approvals_at(store: Store, versions: Sequence[str], at: int) -> list[Approval]:
    """The approvals of model versions that were signed, not expired and not taken back at the moment ``at``."""
    users = store.nodes.edges(versions, "in", "used")
    nodes = store.nodes.get(sorted({edge.src for edge in users}))
    signatures = [node for node in nodes if node.kind == "signature"]
    against = _taken_back(store, [*versions, *(node.id for node in signatures)], at)
    found = []
    for node in signatures:
        doc = node.doc
        stands = doc["verdict"] == "approved" and doc["at"] <= at < (doc["expires"] or at + 1)
        if stands and node.id not in against and doc["version"] not in against:
            found.append(Approval(doc["version"], doc["by"], doc["at"], doc["evidence"], doc["scope"], node.id))
    return found


def _taken_back(store: Store, ids: Sequence[str], at: int) -> set[str]:
    """Those of ``ids`` that something stood against at the moment ``at``."""
    edges = store.nodes.edges(ids, "in", "invalidated")
    events = {node.id: node for node in store.nodes.get(sorted({edge.src for edge in edges}))}
    standing = {id for id, node in events.items() if node.kind in AGAINST and (node.created_at or 0) <= at}
    lifts = store.nodes.edges(sorted(standing), "in", "invalidated")
    liftings = {node.id: node for node in store.nodes.get(sorted({edge.src for edge in lifts}))}
    standing -= {edge.dst for edge in lifts if (liftings[edge.src].created_at or clock.now()) <= at}
    return {edge.dst for edge in edges if edge.src in standing}
