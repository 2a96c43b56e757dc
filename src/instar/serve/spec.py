"""What a deployment version says, and which one is live."""

from __future__ import annotations

from typing import Any

import msgspec

from instar.base.ids import named_id
from instar.store import Store
from instar.store.keeping.invalidation import LIVE
from instar.store.records import Node

__all__ = ["LIVE", "Live", "Spec", "deployment_id", "live_deployments", "live_of"]


class Spec(msgspec.Struct, frozen=True):
    """The versioned specification of what is served.

    versions : ids of the candidates, in the order of the policy's arms;  policy : as ``policy_to_doc`` gives it
    latency_ms : the objective that batches are cut for;  timeout_ms : after which an answer is of no use
    durable : whether an answer waits until its journal record is on disk
    experimental : whether versions that are not homologated may be served
    """

    versions: tuple[str, ...]
    policy: dict[str, Any]
    latency_ms: float = 20.0
    timeout_ms: float = 1000.0
    durable: bool = False
    experimental: bool = False

    @property
    def seed(self) -> int:
        return int(self.policy.get("seed", 0))


class Live(msgspec.Struct, frozen=True):
    """A deployment version to be served. activity : the one that made it;  names : the candidates as ``name@number``

    scopes : what each candidate is approved for; empty when the deployment is experimental
    flagged : what stands against it or what it came from; only an experimental one is served all the same
    """

    id: str
    name: str
    number: int
    project: str
    activity: str
    spec: Spec
    names: tuple[str, ...]
    scopes: tuple[dict[str, Any], ...] = ()
    flagged: tuple[str, ...] = ()

    @property
    def arms(self) -> tuple[str, ...]:
        return self.spec.versions


def live_deployments(store: Store, project: str) -> dict[str, Live]:
    """What is live in a project, by name."""
    labels = [label for label in store.labels.where(LIVE) if label.value]
    deployments = store.nodes.get([label.subject for label in labels])
    wanted = {
        label.value: node.name
        for label, node in zip(labels, deployments)
        if node.kind == "deployment" and node.project == project
    }
    return {node.name: live_of(store, node) for node in store.nodes.get(list(wanted))}


def live_of(store: Store, version: Node) -> Live:
    """A deployment version node with what serving it needs."""
    spec = msgspec.convert(version.doc, Spec)
    candidates = store.nodes.get(spec.versions)
    numbers = store.nodes.numbers([version.id, *spec.versions])
    made = [edge.dst for edge in store.nodes.edges([version.id], "out", "generated")]
    return Live(
        version.id,
        version.name,
        numbers.get(version.id, 0),
        version.project,
        made[0] if made else "",
        spec,
        tuple(f"{node.name}@{numbers.get(node.id, 0)}" for node in candidates),
    )


def deployment_id(project: str, name: str) -> str:
    """The id of the named thing ``name``."""
    return named_id(project, "deployment", name)
