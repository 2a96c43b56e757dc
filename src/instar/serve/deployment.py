"""Deploying: which versions answer, by which policy, and since when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from instar.base import clock
from instar.base.digests import digest_value
from instar.base.errors import BadInput, InstarError, NotFound
from instar.base.ids import event_id, version_id
from instar.base.names import check_name
from instar.base.settings import author_setting, project_setting
from instar.models.shelf import file_of
from instar.models.signature import ModelSignature
from instar.models.standing import NotHomologated, need_homologated, standing
from instar.models.version import ModelVersion, version
from instar.serve.policies import Policy, Static, policy_from_doc, policy_to_doc
from instar.serve.spec import LIVE, Live, Spec, deployment_id, live_deployments, live_of
from instar.serve.wire import python_type, united
from instar.store import Store, open_store
from instar.store.keeping.invalidation import Objection, objections, standing_against
from instar.store.keeping.tombstones import ERASURE
from instar.store.records import Edge, Label, Node, Record


@dataclass(frozen=True)
class Deployment:
    """A deployment version that is live. new : whether this call made it (the same specification again does not)"""

    id: str
    name: str
    number: int
    project: str
    spec: Spec
    new: bool

    def __str__(self) -> str:
        return f"{self.name}@{self.number}"


def deploy(
    name: str,
    versions: Sequence[ModelVersion | str] | ModelVersion | str,
    policy: Policy | None = None,
    latency_ms: float = 20.0,
    *,
    timeout_ms: float = 1000.0,
    durable: bool = False,
    experimental: bool = False,
    store: Store | None = None,
    project: str | None = None,
) -> Deployment:
    """Make ``versions`` answer under ``name`` from now on; running servers take it over once its models are loaded.

    versions : the candidates (or one alone), as objects, ids or ``name@number``
    policy : how to choose; the first one if not given
    latency_ms : the objective within which a request should be answered, by which batches are cut
    timeout_ms : after which a request that still waits is refused (504)
    durable : whether an answer waits until its record is on disk (else it may be lost within 100 ms before a crash)
    experimental : serve also what is not homologated; the deployment says so for ever

    Raises NotHomologated naming what is missing, unless each version is homologated or ``experimental``; BadInput when
    the versions cannot answer the same rows with the same type.
    """
    check_name("deployment", name, reserved="?#%")
    if isinstance(versions, str | ModelVersion):
        versions = [versions]
    if not versions:
        raise BadInput(f"deployment {name!r} has no version; give at least one, such as ['movie-rating@1']")
    for option, value in (("latency_ms", latency_ms), ("timeout_ms", timeout_ms)):
        if not 0 < value < math.inf:  # not NaN either
            raise BadInput(f"deployment {name!r}: {option}={value}; give milliseconds above 0, such as {option}=20")
    first = versions[0]
    store = store or (first.store if isinstance(first, ModelVersion) else open_store())
    project = project_setting(project)
    candidates = [each if isinstance(each, ModelVersion) else version(each, store, project) for each in versions]
    if len({candidate.id for candidate in candidates}) < len(candidates):
        raise BadInput(f"deployment {name!r} names a version twice: {', '.join(map(str, candidates))}")
    if not experimental:
        need_homologated(candidates)
    _need_agreement(store, name, candidates)
    rule = policy or Static()
    ids = tuple(candidate.id for candidate in candidates)
    spec = Spec(ids, policy_to_doc(rule), float(latency_ms), float(timeout_ms), durable, experimental)
    policy_from_doc(spec.policy)  # what cannot be read back cannot be served
    if isinstance(rule, Static) and not 0 <= rule.arm < len(ids):
        raise BadInput(f"Static(arm={rule.arm}): the deployment has the candidates 0 to {len(ids) - 1}")
    return _record(store, project, name, spec, candidates)


def _need_agreement(store: Store, name: str, candidates: Sequence[ModelVersion]) -> None:
    """All candidates must answer the same rows, that JSON can carry, with the same type."""
    signatures = [_signature(store, candidate) for candidate in candidates]
    for field in united(signature.features for signature in signatures):
        python_type(field.type)
    targets = {signature.target.type for signature in signatures}
    if len(targets) > 1:
        raise BadInput(f"deployment {name!r}: its versions answer in different types ({', '.join(sorted(targets))})")


def _signature(store: Store, candidate: ModelVersion) -> ModelSignature:
    """Read from the bundle's description, without loading the model."""
    data = file_of(store, candidate.bundle_id, "bundle.json")
    if data is None:
        raise NotFound("bundle", str(candidate), next_step="its files are not in this store; `instar check` says more")
    return msgspec.convert(msgspec.json.decode(data)["signature"], ModelSignature)


def _record(store: Store, project: str, name: str, spec: Spec, candidates: Sequence[ModelVersion]) -> Deployment:
    doc: dict[str, Any] = msgspec.to_builtins(spec)
    digest = digest_value(doc)
    named, id = deployment_id(project, name), version_id(project, "deployment_version", name, digest)
    new = id not in store.nodes.has([id])
    by, at = author_setting(), clock.now()
    if new:
        activity = event_id()
        done = {"verb": "deploy", "step": f"deploy {name}", "parameters": doc}
        nodes = (
            Node(named, "deployment", "", project, name, at, by),
            Node(id, "deployment_version", digest, project, name, at, by, doc),
            Node(activity, "activity", "", project, "deploy", at, by, done),
        )
        edges = [Edge(id, "generated", activity, "out"), Edge(id, "specialization", named)]
        for place, candidate in enumerate(candidates):
            edges.append(Edge(activity, "used", candidate.id, f"candidate:{place}"))
            if candidate.activity:
                edges.append(Edge(activity, "informed", candidate.activity, f"candidate:{place}"))
        store.nodes.put([Record(nodes, tuple(edges))])
    live = store.labels.of([named]).get(named, {}).get(LIVE)
    if live is None or live.value != id:
        store.labels.set([Label(named, LIVE, id, by=by)])
        store.access.audit("deploy", id, by, name)
    return Deployment(id, name, store.nodes.numbers([id])[id], project, spec, new)


def undeploy(name: str, store: Store | None = None, project: str | None = None) -> None:
    """Serve ``name`` no longer. Raises NotFound naming what is live."""
    store, project = store or open_store(), project_setting(project)
    live = live_deployments(store, project)
    if name not in live:
        raise NotFound("live deployment", name, live)
    store.labels.set([Label(deployment_id(project, name), LIVE, "", by=author_setting())])
    store.access.audit("undeploy", live[name].id, author_setting(), name)


def deployment(name: str, store: Store | None = None, project: str | None = None) -> Deployment:
    """What is live under ``name``. Raises NotFound."""
    store, project = store or open_store(), project_setting(project)
    found = live_deployments(store, project)
    if name not in found:
        raise NotFound("live deployment", name, found)
    live = found[name]
    return Deployment(live.id, live.name, live.number, live.project, live.spec, False)


class Withdrawn(NotHomologated):
    """Something that a deployment came from is invalid, or a model of it was erased."""

    def __init__(self, live: Live, against: Sequence[Objection]) -> None:
        self.standings = ()
        lifting = "; ".join(f"`instar lift {each.event} --reason …`" for each in against)
        told = "; ".join(map(str, against))
        InstarError.__init__(self, f"{live.name}@{live.number}: {told}. Next: if it was wrong to, lift it: {lifting}")


def need_servable(store: Store, id: str) -> Live:
    """A deployment version as it may be served now, with the scopes that were signed.

    Raises NotHomologated when an approval was revoked since, or expired, or what it came from was invalidated. An
    ``experimental`` one is served all the same, with what stands against it in ``flagged``. What was erased is not served.
    """
    live = live_of(store, store.nodes.get([id])[0])
    if erased := standing_against(store.nodes, live.arms, (ERASURE,)):
        raise Withdrawn(live, erased)
    against = objections(store.nodes, id)
    if live.spec.experimental:
        return msgspec.structs.replace(live, flagged=tuple(map(str, against)))
    standings = [standing(version(arm, store)) for arm in live.arms]
    signatures = [each.signature for each in standings if each.signature is not None]
    if len(signatures) < len(standings):
        raise NotHomologated(standings)
    if against:
        raise Withdrawn(live, against)
    return msgspec.structs.replace(live, scopes=tuple(each.scope for each in signatures))
