"""Named questions, and those that Instar brings."""

from __future__ import annotations

import pytest
from tests.contracts.store.find import metrics, run

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store
from instar.store.find.query import BadQuery, parse
from instar.store.find.rules import add, ask, remove, rule, rules
from instar.store.find.shipped import SHIPPED
from instar.store.provenance.questions import common_ancestors, note, notes
from instar.store.records import Edge, Feature, Label, Node, Record


def version(kind: str, name: str) -> Node:
    return Node(version_id("default", kind, name, "d"), f"{kind}_version", "d", "default", name, clock.now(), "ana")


def activity(name: str) -> Node:
    return Node(event_id(), "activity", "", "default", name, clock.now(), "ana", {"verb": name})


@pytest.fixture
def cycle(store: Store) -> dict[str, Node]:
    """A file, two datasets of which one is read, a model, and its live deployment; and a model from nowhere."""
    file = Node(content_id("file", "f"), "file", "f")
    films, lonely = version("dataset", "films"), version("dataset", "lonely")
    model, orphan, served = version("model", "rating"), version("model", "orphan"), version("deployment", "rating-live")
    named = Node(named_id("default", "deployment", "rating-live"), "deployment", "", "default", "rating-live")
    load, train, deploy = activity("import"), activity("train"), activity("deploy")
    edges = (
        Edge(load.id, "used", file.id, "films.csv"),
        Edge(films.id, "generated", load.id),
        Edge(lonely.id, "generated", load.id),
        Edge(train.id, "used", films.id),
        Edge(train.id, "informed", load.id),
        Edge(model.id, "generated", train.id),
        Edge(deploy.id, "used", model.id),
        Edge(deploy.id, "informed", train.id),
        Edge(served.id, "generated", deploy.id),
    )
    features = (
        *(Feature(films.id, name, "int64") for name in ("Year", "Runtime", "Meter")),
        Feature(model.id, "Year", "int64", "", "feature"),
        Feature(model.id, "Meter", "bool", "", "target"),
        Feature(orphan.id, "Budget", "int64", "", "feature"),
    )
    made = (file, films, lonely, model, orphan, named, served, load, train, deploy)
    store.nodes.put([Record(made, edges, features)])
    store.labels.set([Label(named.id, "live", served.id)])
    return {node.name or node.kind: node for node in made}


def test_a_rule_is_kept_asked_and_versioned(store: Store) -> None:
    first, second = run("a", 2, lr=0.1), run("b", 1, lr=0.2)
    store.nodes.put([first, second])
    metrics(store, first, loss=0.3)
    made = add(store, "cheap", "run param.lr=:lr metric.loss<:most", "went well")
    assert (made.language, made.parameters, made.number) == ("find", ("lr", "most"), 1)
    assert [node.name for node in ask(store, "cheap", {"lr": "0.1", "most": "0.5"}).nodes] == ["a"]
    assert add(store, "cheap", "run param.lr=:lr").number == 2
    assert [node.name for node in ask(store, "cheap", {"lr": "0.2"}).nodes] == ["b"]
    assert rule(store, "cheap@1").text == made.text
    assert [each.name for each in rules(store)] == ["cheap", *SHIPPED]
    assert [node.name for node in store.nodes.find(parse("rule"))] == ["cheap", "cheap"]


def test_a_removed_rule_is_not_asked_until_it_is_added_again(store: Store) -> None:
    add(store, "all", "run")
    remove(store, "all")
    with pytest.raises(NotFound, match="no rule 'all'"):
        ask(store, "all")
    assert [each.name for each in rules(store)] == list(SHIPPED)
    assert add(store, "all", "run").number == 1
    assert ask(store, "all").nodes == ()


def test_a_rule_in_sql_may_recurse_and_resolves_what_people_name(store: Store, cycle: dict[str, Node]) -> None:
    above = """WITH RECURSIVE up(id) AS (SELECT :id UNION SELECT e.dst FROM up JOIN edge e ON e.src = up.id)
    SELECT n.id, n.kind FROM node n JOIN up ON up.id = n.id WHERE n.kind = 'file' AND 1 = :one AND ':no' <> '::no'"""
    made = add(store, "sources", above)
    assert made.parameters == ("id", "one")
    rows = ask(store, "sources", {"id": cycle["rating"].id[:12], "one": "1"}).rows
    assert rows is not None
    assert rows.rows == ((cycle["file"].id, "file"),)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("run lerner:x", BadQuery),
        ("SELECT * FROM token", BadInput),
        ("select 1; drop table node", BadInput),
        ("(", BadQuery),
    ],
)
def test_a_rule_that_cannot_be_read_is_not_kept(store: Store, text: str, error: type[BadInput]) -> None:
    with pytest.raises(error):
        add(store, "bad", text)
    assert store.nodes.count(parse("rule or kind:rule_version")) == 0


def test_parameters_are_complete_and_never_read_as_conditions(store: Store) -> None:
    store.nodes.put([run("a")])
    add(store, "named", "run name::x")
    for given in ({}, {"x": "a", "y": "b"}):
        with pytest.raises(BadInput, match="parameter"):
            ask(store, "named", given)
    assert ask(store, "named", {"x": "b or run"}).nodes == ()
    assert ask(store, "named", {"x": 'a" or run "'}).nodes == ()
    assert len(ask(store, "named", {"x": "a"}).nodes) == 1


def test_the_rules_that_instar_brings(store: Store, cycle: dict[str, Node]) -> None:
    def names(rule: str, **given: str) -> list[object]:
        answer = ask(store, rule, given)
        return [row[1] for row in answer.rows.rows] if answer.rows else [node.name for node in answer.nodes]

    for x in ("films.csv", cycle["films"].id, cycle["rating"].id):
        assert names("live-deployments-that-depend-on", x=x) == ["rating-live"]
    assert names("live-deployments-that-depend-on", x=cycle["lonely"].id) == []
    assert names("unused-datasets") == ["lonely"]
    assert names("models-without-complete-ancestry") == ["orphan"]
    assert names("models-covered-by", dataset_id=cycle["films"].id) == ["rating"]
    with pytest.raises(BadInput, match="comes with Instar"):
        add(store, "unused-datasets", "run")
    with pytest.raises(BadInput, match="comes with Instar"):
        remove(store, "unused-datasets")


def test_two_things_parted_at_their_nearest_common_ancestors(store: Store, cycle: dict[str, Node]) -> None:
    shared = common_ancestors(store, cycle["rating"].id, cycle["lonely"].id)
    assert [node.id for node in shared.nearest] == [cycle["import"].id]
    assert common_ancestors(store, cycle["rating"].id, cycle["orphan"].id).nearest == ()
    assert [node.id for node in common_ancestors(store, cycle["rating"].id, cycle["films"].id).nearest] == [
        cycle["films"].id
    ]


def test_a_note_is_about_several_things_and_found_from_each(store: Store, cycle: dict[str, Node]) -> None:
    films, model = cycle["films"].id, cycle["rating"].id
    made = note(store, "before the repair", [films, model, films])
    assert notes(store, films) == notes(store, model) == [made]
    assert made in store.nodes.descendants(films).nodes
    assert store.nodes.find(parse("repair")) == [made]
    for text, subjects in (("  ", [films]), ("x", []), ("x" * 20_000, [films])):
        with pytest.raises(BadInput, match="a note"):
            note(store, text, subjects)
    with pytest.raises(NotFound):
        note(store, "x", [films, "nobody"])
    assert store.nodes.count(parse("note")) == 1
