"""Features of the nodes of a graph are those that networkx gives."""

from __future__ import annotations

from typing import Any

import networkx
import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput, WrongType
from instar.data.rows.frames import schema_of
from instar.data.steps.graph_features import EXACT, GraphFeatures
from instar.data.steps.step import take

CELLS: Cells = {
    "who": (pl.String(), st.sampled_from("abcde")),
    "whom": (pl.String(), st.sampled_from("abcdf")),
    "times": (pl.Float64(), st.sampled_from([0.1, 0.2, 3.0, 0.0])),
}
SAMPLE = {"table": {"who": [*"abcda", None, "e"], "whom": [*"bcabdaf"], "times": [1.0, 0.1, 0.3, 2.0, 0.7, 1.0, 5.0]}}


class TestAllFeatures(StepContract):
    step = GraphFeatures("who", "whom", features=(*EXACT, "community"))
    cells = CELLS
    needed = ("who", "whom")
    samples = SAMPLE
    rowless = ("out",)


class TestWeightsWithoutDirection(StepContract):
    step = GraphFeatures("who", "whom", weight="times", directed=False)
    cells = CELLS
    samples = SAMPLE
    rowless = ("out",)


def random_edges(nodes: int, edges: int, seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    one, two = draw.integers(0, nodes, (2, edges))
    rows = pl.DataFrame({"one": one, "two": two, "weight": draw.random(edges)})
    return rows.filter(pl.col("one") != pl.col("two"))


@pytest.mark.parametrize("seed", range(3))
def test_directed_features_are_those_of_networkx(seed: int) -> None:
    rows = random_edges(60, 300, seed)
    made = take(GraphFeatures("one", "two", weight="weight", tolerance=1e-13), rows)["out"]
    graph = networkx.DiGraph()
    for one, two, weight in rows.rows():
        graph.add_edge(one, two, weight=graph.get_edge_data(one, two, {"weight": 0.0})["weight"] + weight)
    plain, nodes = graph.to_undirected(), made["node"].to_list()
    assert nodes == sorted(graph)
    assert made["degree"].to_list() == [plain.degree[node] for node in nodes]
    assert made["in_degree"].to_list() == [graph.in_degree[node] for node in nodes]
    assert made["out_degree"].to_list() == [graph.out_degree[node] for node in nodes]
    assert made["triangles"].to_list() == [networkx.triangles(plain)[node] for node in nodes]
    ranks = networkx.pagerank(graph, tol=1e-14, max_iter=1000)
    np.testing.assert_allclose(made["pagerank"], [ranks[node] for node in nodes], rtol=0, atol=1e-11)


def test_features_without_direction_are_those_of_networkx() -> None:
    rows = random_edges(40, 120, 9).unique(["one", "two"], maintain_order=True)
    made = take(GraphFeatures("one", "two", directed=False, tolerance=1e-13), rows)["out"]
    graph = networkx.Graph()
    for one, two, _ in rows.rows():
        graph.add_edge(one, two, weight=graph.get_edge_data(one, two, {"weight": 0})["weight"] + 1)
    ranks = networkx.pagerank(graph, tol=1e-14, max_iter=1000)
    np.testing.assert_allclose(made["pagerank"], [ranks[node] for node in made["node"]], rtol=0, atol=1e-11)
    assert made["in_degree"].to_list() == made["out_degree"].to_list() == made["degree"].to_list()


def test_circles_of_friends_are_communities_named_by_their_size() -> None:
    circles = {"a": 4, "b": 6, "c": 3}
    pairs = [(f"{name}{i}", f"{name}{j}") for name, size in circles.items() for i in range(size) for j in range(i)]
    rows = pl.DataFrame([*pairs, ("a0", "b0"), ("b1", "c0")], schema=["one", "two"], orient="row")
    step = GraphFeatures("one", "two", features="community", directed=False)
    made = take(step, rows)["out"]
    found = {node[0]: label for node, label in made.rows()}
    assert found == {"b": 0, "a": 1, "c": 2}
    assert take(step, rows[::-1])["out"].equals(made)


def test_a_loop_is_no_neighbour_and_no_triangle() -> None:
    rows = pl.DataFrame({"one": [1, 1], "two": [1, 2]})
    made = take(GraphFeatures("one", "two", features=("degree", "in_degree", "out_degree", "triangles")), rows)["out"]
    assert made.rows() == [(1, 1, 1, 2, 0), (2, 1, 1, 0, 0)]


def test_it_tells_what_it_read() -> None:
    told: dict[str, Any] = {}
    rows = pl.DataFrame({"one": ["a", "a", None], "two": ["b", "b", "a"]})
    take(GraphFeatures("one", "two", features="degree"), rows[:1], rows[1:], told=told)
    assert told == {"nodes": 2, "edges": 1, "incomplete": 1}


@pytest.mark.parametrize("weight", [-1.0, float("nan"), None])
def test_a_weight_that_is_none_is_named(weight: float | None) -> None:
    rows = pl.DataFrame({"one": [1, 2], "two": [2, 3], "w": [1.0, weight]})
    with pytest.raises(BadInput, match=f"row 1 .* has the w {weight}"):
        take(GraphFeatures("one", "two", weight="w"), rows[:1], rows[1:])


def test_a_rank_that_does_not_settle_is_an_error_with_the_way_out() -> None:
    with pytest.raises(BadInput, match=r"still changes by .* after 2 iterations; give more iterations="):
        take(GraphFeatures("one", "two", iterations=2), random_edges(30, 90, 1))


def test_what_makes_no_sense_is_refused() -> None:
    schema = schema_of(pl.DataFrame({"one": [1], "two": ["a"], "three": [1.5]}))
    with pytest.raises(WrongType, match="'two' is string, int64 is needed; cast it, since 'one' is int64"):
        GraphFeatures("one", "two").output(schema)
    with pytest.raises(WrongType, match="'three' is float64"):
        GraphFeatures("three", "three").output(schema)
    with pytest.raises(BadInput, match="unknown feature 'rank'; use one of degree"):
        GraphFeatures("one", "two", features="rank")
    with pytest.raises(BadInput, match="damping=2; give a number between 0 and 1"):
        GraphFeatures("one", "two", damping=2)
