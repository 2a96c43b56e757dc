"""What was live at some moment, and on whose approval."""

from __future__ import annotations

from typing import Any

from tests.contracts.store.nodes import event, link
from tests.serve.running import versions

from instar.base import clock
from instar.base.clock import HOUR
from instar.base.ids import event_id
from instar.serve.deployment import deploy, undeploy
from instar.serve.policies import Static
from instar.serve.then import approvals_at, live_at
from instar.store import Store
from instar.store.keeping.invalidation import invalidate, lift
from instar.store.records import Edge, Label, Node, Record


def test_each_moment_has_its_own_answer(store: Store) -> None:
    first, second = versions(store, 2)
    before = clock.now()
    one = deploy("rating", [first], Static(), experimental=True, store=store)
    between = store.labels.history(one_named(store, one.id), "live")[-1].at
    two = deploy("rating", [second], Static(), experimental=True, store=store)
    later = store.labels.history(one_named(store, two.id), "live")[-1].at
    undeploy("rating", store=store)
    after = clock.now() + HOUR
    assert [[each.id for each in live_at(store, at)] for at in (before, between, later, after)] == [
        [], [one.id], [two.id], []
    ]  # fmt: skip
    [then] = live_at(store, between, "default")
    assert (then.name, then.number, then.by, then.since) == ("rating", 1, "ana", between)
    assert then.candidates == (f"{first.name}@{first.number}",)
    assert live_at(store, between, "another") == []


def one_named(store: Store, version: str) -> str:
    return store.nodes.edges([version], "out", "specialization")[0].dst


def signature(store: Store, version: Node, at: int, expires: int | None = None, verdict: str = "approved") -> Node:
    doc: dict[str, Any] = {
        "version": version.id, "evidence": "e" * 64, "verdict": verdict, "scope": {}, "at": at, "expires": expires,
        "by": "eva",
    }  # fmt: skip
    node = Node(event_id(), "signature", "", "p", "rating", at, "eva", doc)
    store.nodes.put([Record((node,), (Edge(node.id, "used", version.id, "version"),))])
    return node


def test_an_approval_stands_from_its_signing_until_it_expires(store: Store) -> None:
    version = event("model_version", "rating")
    store.nodes.put([Record((version,))])
    signature(store, version, at=100, expires=200)
    signature(store, version, at=100, verdict="rejected")
    assert [len(approvals_at(store, [version.id], at)) for at in (99, 100, 199, 200)] == [0, 1, 1, 0]
    assert approvals_at(store, [version.id], 150)[0].by == "eva"


def test_an_approval_that_was_taken_back_stands_again_once_that_is_lifted(store: Store) -> None:
    version = event("model_version", "rating")
    store.nodes.put([Record((version, other := event("run")), (link(other, "used", version),))])
    signed = signature(store, version, at=100)
    against = invalidate(store, signed.id, "a wrong table")
    lifted = lift(store, against.id, "it was right")
    assert against.created_at is not None
    assert lifted.created_at is not None
    moments = (against.created_at - 1, against.created_at, lifted.created_at)
    assert [len(approvals_at(store, [version.id], at)) for at in moments] == [1, 0, 1]


def test_a_deployment_that_was_never_live_is_none(store: Store) -> None:
    deployment = event("deployment", "rating")
    store.nodes.put([Record((deployment,))])
    store.labels.set([Label(deployment.id, "live", "")])
    assert live_at(store, clock.now() + HOUR) == []
