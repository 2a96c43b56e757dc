"""Where two lineages part."""

from __future__ import annotations

from typing import Any

import pytest
from tests.store.graphs import Story

from instar.store import Store
from instar.store.diff import Difference, diff


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
