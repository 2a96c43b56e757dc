"""Where two lineages part."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contracts.store.nodes import event, link
from tests.store.graphs import Story

from instar.store import Store
from instar.store.provenance.diff import Difference, diff
from instar.store.records import Node, Record


def compared(store: Store, what: str = "model", **changed: Any) -> Difference:
    a, b = Story().put(store), Story(**changed).put(store)
    return diff(store, a.nodes[what].id, b.nodes[what].id)


@pytest.mark.parametrize(
    ("changed", "group", "words"),
    [
        ({"rate": 0.2}, "parameters", "train Ridge: parameters.rate 0.1 and 0.2"),
        ({"seed": 2}, "seeds", "train Ridge: parameters.random_state 1 and 2"),
        ({"library": "2.0"}, "environment", "environment: polars 1.0 and 2.0"),
        ({"script": "bb"}, "code", "code: train.py changed"),
        ({"strategy": "mean"}, "preparation", "fit on films: operators.impute(Year).strategy 'median' and 'mean'"),
        ({"film": "g"}, "data", "source file: f and g"),
    ],
)
def test_only_the_first_thing_that_differs_is_named(
    store: Store, changed: dict[str, Any], group: str, words: str
) -> None:
    found = compared(store, **changed)
    assert [(change.group, str(change)) for change in found.changes] == [(group, words)]


def test_rows_of_datasets_are_counted_beside_their_source(store: Store) -> None:
    found = compared(store, "version", film="g", chunks=7)
    assert [str(change) for change in found.of("data")] == [
        "source file: f and g",
        "dataset films: 60 rows and 70 rows",
    ]


def test_runs_differ_in_their_parameters(store: Store) -> None:
    found = compared(store, "run", rate=0.5)
    assert "run try: rate '0.1' and '0.5'" in [str(change) for change in found.of("parameters")]


def test_equal_steps_from_equal_things_differ_in_nothing(store: Store) -> None:
    found = compared(store)
    assert (found.changes, found.a != found.b) == ((), True)
    assert found.common > 5


def test_a_thing_does_not_differ_from_itself(store: Store) -> None:
    Story().put(store)
    found = diff(store, "rating@1", "rating@1")
    assert (found.a, found.changes) == (found.b, ())


@pytest.mark.parametrize(("roles", "group"), [(("table:seen", "table:unseen"), ["data"]), (("table:a", "table:a"), [])])
def test_another_side_of_the_same_split_is_other_data(store: Store, roles: tuple[str, str], group: list[str]) -> None:
    split = Node(event("activity").id, "activity", doc={"verb": "split", "step": "split by id"})
    trained = [Node(event("activity").id, "activity", doc={"verb": "train", "step": "train Ridge"}) for _ in roles]
    edges = [link(one, "informed", split, role) for one, role in zip(trained, roles)]
    store.nodes.put([Record((split, *trained), tuple(edges))])
    found = diff(store, trained[0].id, trained[1].id)
    assert [change.group for change in found.changes] == group
    assert [str(change) for change in found.changes] == [
        "train Ridge: table is seen and unseen of step 'split by id'" for _ in group
    ]


def test_what_only_another_learner_has_is_one_line(store: Store) -> None:
    first = {"learner": "Ridge", "parameters": {"tol": 0.1, "alpha": 1.0, "solver": "auto", "random_state": 1}}
    second = {"learner": "Forest", "parameters": {"tol": 0.1, "depth": 3, "leaf": 2}}
    doc = {"verb": "train", "step": "train"}
    steps = [
        Node(event("activity").id, "activity", doc={**doc, "parameters": parameters}) for parameters in (first, second)
    ]
    store.nodes.put([Record(tuple(steps), ())])
    assert [change.words for change in diff(store, steps[0].id, steps[1].id).changes] == [
        "learner 'Ridge' and 'Forest'",
        "only in the first: alpha 1.0, solver 'auto'",
        "only in the second: depth 3, leaf 2",
        "parameters.random_state 1 and (not there)",
    ]


def test_what_both_came_from_is_not_said_to_be_of_one(store: Store) -> None:
    table = Node(event("activity").id, "activity", doc={"verb": "join", "step": "join"})
    split = Node(event("activity").id, "activity", doc={"verb": "split", "step": "split"})
    trained = [Node(event("activity").id, "activity", doc={"verb": "train", "step": "train"}) for _ in range(2)]
    edges = [link(split, "informed", table, "table:out"), link(trained[0], "informed", split, "table:a")]
    edges += [link(trained[1], "informed", table, "table:out")]
    store.nodes.put([Record((table, split, *trained), tuple(edges))])
    assert [str(change) for change in diff(store, trained[0].id, trained[1].id).changes] == [
        "step 'join': both came from it, only the second directly",
        "step 'split': only the first came from it",
    ]
