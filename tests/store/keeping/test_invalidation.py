"""What stands against something counts until a lifting names it, whatever any clock or label says."""

from __future__ import annotations

import pytest

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store
from instar.store.keeping.invalidation import flags, invalidate, lift, objections, standing_against, tainted
from instar.store.records import Edge, Label, Node, Record

FILE = Node(content_id("file", "f"), "file", "f")
MADE = Node(event_id(), "activity", "", "p", "import")
DATA = Node(version_id("p", "dataset_version", "films", "d"), "dataset_version", "d", "p", "films")
LIVE = Node(named_id("p", "deployment", "rating"), "deployment", "", "p", "rating")
DEPLOYED = Node(version_id("p", "deployment_version", "rating", "e"), "deployment_version", "e", "p", "rating")
DEPLOY = Node(event_id(), "activity", "", "p", "deploy")


@pytest.fixture(autouse=True)
def lineage(store: Store) -> None:
    """file <- import -> films@1 <- deploy -> rating@1, live"""
    edges = (
        Edge(MADE.id, "used", FILE.id, "films.csv"),
        Edge(DATA.id, "generated", MADE.id, "out"),
        Edge(DEPLOY.id, "used", DATA.id, "candidate:0"),
        Edge(DEPLOY.id, "informed", MADE.id, "candidate:0"),
        Edge(DEPLOYED.id, "generated", DEPLOY.id, "out"),
        Edge(DEPLOYED.id, "specialization", LIVE.id),
    )
    store.nodes.put([Record((FILE, MADE, DATA, LIVE, DEPLOYED, DEPLOY), edges)])
    store.labels.set([Label(LIVE.id, "live", DEPLOYED.id)])


def test_what_came_from_it_is_tainted_and_what_is_live_is_named(store: Store) -> None:
    event = invalidate(store, FILE.id, "wrong years")
    found = tainted(store, FILE.id)
    assert [node.id for node in found.deployments] == [DEPLOYED.id]
    assert found.counts == {"activity": 2, "dataset_version": 1, "deployment_version": 1}
    assert [each.reason for each in found.against] == ["wrong years"]
    assert list(flags(store, [DEPLOYED.id, LIVE.id])) == [DEPLOYED.id]
    assert "wrong years" in str(objections(store.nodes, DEPLOYED.id)[0])
    assert event.id in str(objections(store.nodes, DEPLOYED.id)[0])


def test_only_a_lifting_lifts(store: Store) -> None:
    event = invalidate(store, FILE.id, "wrong years")
    again = Node(event_id(), "invalidation", "", "p", "", clock.now(), "eva", {"reason": "against an invalidation"})
    store.nodes.put([Record((again,), (Edge(again.id, "invalidated", event.id, "lifting"),))])
    assert objections(store.nodes, DEPLOYED.id), "an invalidation of an invalidation lifts nothing, whatever its role"
    lift(store, event.id, "they were right")
    assert not objections(store.nodes, DEPLOYED.id)
    assert not tainted(store, FILE.id).against


def test_a_label_that_is_pushed_lifts_nothing(store: Store) -> None:
    event = invalidate(store, FILE.id, "wrong years")
    late = clock.now() + clock.HOUR // 2
    labels = [Label(subject, key, "lifting", late, "eve", event_id()) for subject in (event.id, FILE.id) for key in
              ("status", "stage", "lifted", "live", "invalidated")]  # fmt: skip
    store.labels.merge(labels)
    store.labels.set([Label(event.id, "note", "lifted")])
    assert len(standing_against(store.nodes, [FILE.id])) == 1


@pytest.mark.parametrize("skew", [-10 * clock.HOUR, 0, 10 * clock.HOUR])
def test_the_times_of_an_invalidation_and_its_lifting_decide_nothing(
    store: Store, skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    event = invalidate(store, FILE.id, "wrong years")
    monkeypatch.setattr(clock, "now", lambda: now + skew)
    lift(store, event.id, "they were right")
    assert not objections(store.nodes, DEPLOYED.id)
    invalidate(store, FILE.id, "wrong after all")
    assert [each.reason for each in objections(store.nodes, DEPLOYED.id)] == ["wrong after all"]


def test_a_lifting_names_one_invalidation_and_leaves_another(store: Store) -> None:
    first, second = invalidate(store, FILE.id, "one"), invalidate(store, DATA.id, "two", also=[FILE.id])
    lift(store, first.id, "so it was not")
    assert [each.reason for each in standing_against(store.nodes, [FILE.id, DATA.id])] == ["two", "two"]
    lift(store, second.id, "nor this")
    assert not standing_against(store.nodes, [FILE.id, DATA.id])


def test_what_cannot_be_invalidated_or_lifted_is_told_and_nothing_is_written(store: Store) -> None:
    event = invalidate(store, FILE.id, "wrong years")
    before = store.nodes.since().cursor
    with pytest.raises(BadInput, match="an invalidation needs a reason"):
        invalidate(store, FILE.id, " ")
    with pytest.raises(NotFound):
        invalidate(store, "nothing", "why")
    with pytest.raises(BadInput, match="taken back with `instar lift"):
        invalidate(store, event.id, "why")
    with pytest.raises(BadInput, match="is a file; a lifting is of a revocation or invalidation or erasure"):
        lift(store, FILE.id, "why")
    assert store.nodes.since(before).cursor == before
