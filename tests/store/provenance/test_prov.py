"""PROV-JSON, read back with the library of others."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from prov.model import ProvActivity, ProvDocument, ProvRecord
from tests.contracts.store.nodes import content, event, link
from tests.store.graphs import Story, records

from instar.store import Store, open_store
from instar.store.keeping.invalidation import invalidate, lift
from instar.store.provenance.lineage import impact, why
from instar.store.provenance.prov import ACTIVITIES, prov_json, prov_text
from instar.store.records import Graph, Record


def read(store: Store, graph: Graph) -> ProvDocument:
    """Read by the library, checked for its constraints, and the same after another round."""
    text = prov_text(store, graph)
    document = ProvDocument.deserialize(content=text, format="json")
    written = sum(len(records) for part, records in json.loads(text).items() if part != "prefix")
    assert len(list(document.get_records())) == written
    assert len(list(document.unified().get_records())) == written
    assert ProvDocument.deserialize(content=document.serialize(format="json"), format="json") == document
    return document


def named(document: ProvDocument, kind: str) -> list[ProvRecord]:
    return [record for record in document.get_records() if record.get_type().localpart == kind]


def test_a_story_is_read_back_with_everything(store: Store) -> None:
    story = Story().put(store)
    graph = why(store, "rating@1")
    document = read(store, graph)
    activities = sum(node.kind in ACTIVITIES for node in graph.nodes)
    assert len(named(document, "Activity")) == activities
    assert {str(record.label) for record in named(document, "Agent")} == {"ana"}
    made = {str(record.identifier) for record in named(document, "Entity") if "." in str(record.identifier)}
    assert f"instar:{story.nodes['state'].id}.{story.nodes['fit'].id}" in made
    train = next(record for record in named(document, "Activity") if story.nodes["train"].id in str(record.identifier))
    assert isinstance(train, ProvActivity)
    assert train.get_startTime() is not None


def test_content_made_twice_is_two_entities_and_one_that_they_specialize(store: Store) -> None:
    first, second, state = event("activity", "fit"), event("activity", "fit"), content("state", "s")
    apply = event("activity", "apply")
    edges = (
        link(state, "generated", first),
        link(state, "generated", second),
        link(apply, "used", state, "state"),
        link(apply, "informed", second, "state"),
    )
    store.nodes.put([Record((first, second, state, apply), edges)])
    graph = Graph(
        apply.id, (first, second, state, apply), edges, dict.fromkeys((first.id, second.id, state.id, apply.id), 0)
    )
    written = prov_json(store, graph)
    mine, others = (f"instar:{state.id}.{activity.id}" for activity in (second, first))
    assert {each["prov:specificEntity"] for each in written["specializationOf"].values()} == {mine, others}
    assert {each["prov:generalEntity"] for each in written["specializationOf"].values()} == {f"instar:{state.id}"}
    assert [each["prov:entity"] for each in written["used"].values()] == [mine]
    read(store, graph)


def test_an_invalidation_and_its_lifting_are_activities(store: Store) -> None:
    story = Story().put(store)
    event = invalidate(store, story.nodes["file"].id, "wrong year")
    lift(store, event.id, "it was right")
    document = read(store, impact(store, story.nodes["file"].id))
    assert Counter(record.get_type().localpart for record in document.get_records())["Invalidation"] == 1


@settings(max_examples=15, deadline=None)
@given(records())
def test_any_lineage_is_valid(record: Record) -> None:
    with TemporaryDirectory() as folder, open_store(Path(folder) / "store") as store:
        store.nodes.put([record])
        graph = Graph(record.nodes[0].id, record.nodes, record.edges, {node.id: 0 for node in record.nodes})
        document = read(store, graph)
        counts = Counter(edge.rel for edge in record.edges)
        kinds = Counter(found.get_type().localpart for found in document.get_records())
        assert kinds["Generation"] == counts["generated"]
        assert kinds["Communication"] == counts["informed"]
        assert kinds["Usage"] >= counts["used"]
        read(store, why(store, record.nodes[-1].id))
