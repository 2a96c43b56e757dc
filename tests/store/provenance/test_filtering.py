"""Parts of a lineage."""

from __future__ import annotations

import pytest
from tests.store.graphs import Story

from instar.base.errors import BadInput, NotFound
from instar.store import Store
from instar.store.provenance.filtering import OVER
from instar.store.provenance.lineage import impact, live_deployments, why
from instar.store.records import Label, Node, Record


def test_edges_lead_over_what_was_filtered_out_and_it_is_counted(store: Store) -> None:
    story = Story().put(store)
    graph = why(store, "rating@1", kinds=["file", "dataset_version"])
    assert {node.kind for node in graph.nodes} == {"model_version", "file", "dataset_version"}
    assert graph.hidden == {
        "activity": 3, "chunk": 6, "code": 1, "dataset": 1, "environment": 1, "model": 1, "state": 1
    }  # fmt: skip
    assert {(edge.src, edge.dst, edge.role) for edge in graph.edges} == {
        (story.nodes["model"].id, story.nodes["file"].id, OVER),
        (story.nodes["model"].id, story.nodes["version"].id, OVER),
    }


def test_a_kind_means_its_versions_too_as_in_find(store: Store) -> None:
    Story().put(store)
    graph = why(store, "rating@1", kinds=["dataset"])
    assert {node.kind for node in graph.nodes if node.id != graph.start} >= {"dataset_version"}
    assert {node.kind for node in graph.nodes if node.id != graph.start} <= {"dataset", "dataset_version"}


def test_what_lies_beyond_the_depth_is_counted(store: Store) -> None:
    Story().put(store)
    assert why(store, "rating@1").beyond == 0
    near, whole = why(store, "rating@1", depth=2), why(store, "rating@1")
    assert len(near.nodes) + near.beyond == len(whole.nodes)


def test_only_a_stage(store: Store) -> None:
    story = Story().put(store)
    store.labels.set([Label(story.nodes["model"].id, "stage", "trial")])
    assert [node.kind for node in impact(store, "films", stage="trial").nodes] == ["dataset_version", "model_version"]
    assert [node.kind for node in impact(store, "films", stage="live").nodes] == ["dataset_version"]


def test_only_some_time_with_the_content_that_is_tied_to_it(store: Store) -> None:
    Story().put(store)
    graph = why(store, "rating@1", since=7, until=7)
    assert {node.kind for node in graph.nodes} == {
        "model_version", "activity", "state", "file", "code", "environment"
    }  # fmt: skip
    assert graph.hidden == {"chunk": 6, "dataset": 1, "dataset_version": 1, "model": 1}


def test_an_unknown_kind_is_refused_with_the_nearest(store: Store) -> None:
    Story().put(store)
    with pytest.raises(BadInput, match="model_version"):
        why(store, "rating@1", kinds=["model_versoin"])


def test_every_granularity_has_a_way_up_and_down(store: Store) -> None:
    story = Story().put(store)
    for name in ("chunk", "version", "state", "model", "run"):
        assert story.nodes["file"].id in why(store, story.nodes[name].id).depth, name
    for name in ("file", "chunk", "version", "state"):
        assert story.nodes["model"].id in impact(store, story.nodes[name].id).depth, name


def test_only_what_is_live_now_is_named(store: Store) -> None:
    story = Story().put(store)
    from tests.contracts.store.nodes import event, link

    deployment, deploy = event("deployment", "d"), event("activity", "deploy")
    versions = [event("deployment_version", "d") for _ in range(2)]
    edges = [link(deploy, "informed", story.nodes["train"])]
    for version in versions:
        edges += [link(version, "generated", deploy), link(version, "specialization", deployment)]
    store.nodes.put([Record((deployment, deploy, *versions), tuple(edges))])
    assert live_deployments(store, story.nodes["file"].id) == []
    store.labels.set([Label(deployment.id, "live", versions[1].id)])
    assert [node.id for node in live_deployments(store, story.nodes["file"].id)] == [versions[1].id]
    other = Node("ab" * 16, "run")
    store.nodes.put([Record((other,))])
    assert live_deployments(store, other.id) == []


def test_a_huge_name_that_nothing_has_is_not_repeated_whole(store: Store) -> None:
    with pytest.raises(NotFound, match=r"no node 'a+…'; `instar find`") as error:
        why(store, "a" * 1_000_000)
    assert len(str(error.value)) < 400
