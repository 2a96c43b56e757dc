"""The leak check, over activity graphs written by hand."""

from __future__ import annotations

import pytest
from tests.models.graphs import Graph

from instar.models.leak import Leak, leak_check
from instar.store import Store
from instar.store.records import Edge, Record


@pytest.fixture
def graph(store: Store) -> Graph:
    return Graph(store)


def films(graph: Graph) -> tuple[str, str]:
    """Two sources, joined and made distinct: what may lie above a split."""
    joined = graph.step("join", "omdb with tomatoes", left=graph.source("omdb"), right=graph.source("tomatoes"))
    return graph.step("distinct", table=graph.step("sort", table=graph.step("sample", table=joined)))


def judged(graph: Graph, training: str, evaluated: tuple[str, str]) -> Leak:
    return leak_check(graph.store.nodes, training, graph.evaluate(evaluated, training))


def test_what_learned_from_the_other_side_only_passes(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    seen = graph.step("filter", table=graph.step("with_columns", table=seen))
    training = graph.train(seen, graph.fit(seen))
    answer = judged(graph, training, graph.step("select", table=unseen))
    assert answer.verdict == "passed"
    assert (answer.split, answer.side) == (unseen[0], "unseen")
    assert "2 activities that learned something" in answer.text


def test_every_other_side_may_be_learned_from(graph: Graph) -> None:
    train, valid, test = graph.split(films(graph), "train", "valid", "test")
    both = graph.step("union", left=train, right=valid)
    assert judged(graph, graph.train(both, graph.fit(train)), test).verdict == "passed"


def test_imputing_before_the_split_is_a_leak_and_is_named(graph: Graph) -> None:
    table = films(graph)
    preparation = graph.fit(table, "fit Impute(Runtime)")
    seen, unseen = graph.split(graph.step("apply", table=table, preparation=preparation), "seen", "unseen")
    answer = judged(graph, graph.train(seen), unseen)
    assert answer.verdict == "failed"
    assert answer.offenders == (preparation[0],)
    assert "fit Impute(Runtime)" in answer.text
    assert "lies above the split" in answer.text
    assert "<- split by id" in answer.text


def test_a_preparation_fitted_on_all_rows_is_a_leak_though_the_training_is_not(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    preparation = graph.fit(table)
    assert judged(graph, graph.train(seen, preparation), unseen).offenders == (preparation[0],)


def test_training_on_all_rows_is_a_leak(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    training = graph.train(table, graph.fit(seen))
    answer = judged(graph, training, unseen)
    assert (answer.verdict, answer.offenders) == ("failed", (training,))


@pytest.mark.parametrize("verb", ["group_by", "reduce", "window"])
def test_a_group_average_joined_back_before_the_split_is_a_leak(graph: Graph, verb: str) -> None:
    table = films(graph)
    average = graph.step(verb, "mean Meter of each Director", table=table)
    joined = graph.step("join", left=table, right=average)
    seen, unseen = graph.split(joined, "seen", "unseen")
    answer = judged(graph, graph.train(seen, graph.fit(seen)), unseen)
    assert (answer.verdict, answer.offenders) == ("failed", (average[0],))
    assert "mean Meter of each Director" in answer.text


def test_a_group_average_of_the_training_side_is_no_leak(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    joined = graph.step("join", left=seen, right=graph.step("group_by", table=seen))
    assert judged(graph, graph.train(joined), unseen).verdict == "passed"


def test_a_fitted_filter_above_the_split_is_a_leak_and_a_plain_one_is_not(graph: Graph) -> None:
    for doc, verdict in (({"fitted": True}, "failed"), ({}, "passed")):
        seen, unseen = graph.split(graph.step("filter", doc=doc, table=films(graph)), "seen", "unseen")
        assert judged(graph, graph.train(seen), unseen).verdict == verdict


def test_nested_splits_are_fine_at_each_level(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    inner, valid = graph.split(seen, "inner", "valid")
    training = graph.train(inner, graph.fit(inner))
    assert judged(graph, training, unseen).verdict == "passed"
    answer = judged(graph, training, valid)
    assert (answer.verdict, answer.split) == ("passed", valid[0])


def test_what_is_fitted_on_the_whole_outer_side_leaks_into_the_inner_one_only(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    inner, valid = graph.split(seen, "inner", "valid")
    training = graph.train(inner, graph.fit(seen))
    assert judged(graph, training, unseen).verdict == "passed"
    assert judged(graph, training, valid).verdict == "failed"


def test_tuning_on_the_evaluated_side_is_a_leak(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    tuning = graph.activity("tune", table=unseen)
    training = graph.activity("train", table=seen, parameters=(tuning, "parameters"))
    assert judged(graph, training, unseen).offenders == (tuning,)


def test_evaluation_on_the_training_side_is_a_leak(graph: Graph) -> None:
    seen, _ = graph.split(films(graph), "seen", "unseen")
    answer = judged(graph, graph.train(seen, graph.fit(seen)), seen)
    assert answer.verdict == "failed"
    assert "is the evaluated side itself" in answer.text


def test_an_equal_split_is_not_the_same_split(graph: Graph) -> None:
    table = films(graph)
    seen, _ = graph.split(table, "seen", "unseen")
    _, unseen = graph.split(table, "seen", "unseen")
    assert judged(graph, graph.train(seen), unseen).verdict == "failed"


def test_of_two_preparations_with_equal_states_only_the_leaky_one_is_refused(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    clean, leaky = graph.fit(seen, state="mode=Drama"), graph.fit(table, state="mode=Drama")
    states = graph.store.nodes.edges([clean[0], leaky[0]], "in", "generated")
    assert len({edge.src for edge in states}) == 1  # one content, made twice
    good, bad = graph.train(seen, clean), graph.train(seen, leaky)
    graph.store.nodes.put([Record(edges=tuple(Edge(id, "used", states[0].src, "preparation") for id in (good, bad)))])
    assert judged(graph, good, unseen).verdict == "passed"
    assert judged(graph, bad, unseen).offenders == (leaky[0],)


def test_a_model_that_feeds_the_model_must_not_have_seen_the_side_either(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    for first_read, verdict in ((seen, "passed"), (table, "failed")):
        first = graph.train(first_read)
        stacked = graph.step("predict", table=seen, model=(first, "model"))
        assert judged(graph, graph.train(stacked), unseen).verdict == verdict


def test_what_is_fitted_on_a_source_of_its_own_is_fine(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    words = graph.fit(graph.step("group_by", table=graph.source("reviews")))
    assert judged(graph, graph.train(seen, words), unseen).verdict == "passed"


def test_another_version_or_name_of_the_same_data_is_no_source_of_its_own(graph: Graph) -> None:
    seen, unseen = graph.split(graph.source("omdb", b"rows"), "seen", "unseen")
    for other in (graph.source("omdb", b"more rows", 2), graph.source("copy", b"rows")):
        assert judged(graph, graph.train(seen, graph.fit(other)), unseen).verdict == "failed"


def test_training_rows_joined_with_an_independent_table_are_fine(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    joined = graph.step("join", left=seen, right=graph.source("weather"))
    assert judged(graph, graph.train(joined), unseen).verdict == "passed"


def test_a_training_table_that_brings_the_other_side_back_is_a_leak(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    for back in (table, unseen):
        answer = judged(graph, graph.train(graph.step("join", left=seen, right=back)), unseen)
        assert answer.verdict == "failed"
        assert "descends also from" in answer.text


def test_an_evaluated_table_with_a_way_round_the_split_is_refused(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    answer = judged(graph, graph.train(seen), graph.step("union", left=unseen, right=table))
    assert answer.verdict == "failed"
    assert "came round split by id" in answer.text


def test_without_a_split_it_is_unknown_and_on_the_very_same_table_a_leak(graph: Graph) -> None:
    table = films(graph)
    early, late = graph.step("filter", table=table), graph.step("filter", table=table)
    assert judged(graph, graph.train(early), late).verdict == "unknown"
    assert judged(graph, graph.train(early), early).verdict == "failed"


def test_a_script_that_trains_on_its_own_is_unknown(graph: Graph) -> None:
    training = graph.activity("train")
    _, unseen = graph.split(films(graph), "seen", "unseen")
    assert judged(graph, training, unseen).verdict == "unknown"
    evaluation = graph.activity("evaluate", model=(training, "model"))
    assert leak_check(graph.store.nodes, training, evaluation).verdict == "unknown"


def test_a_verb_nobody_declared_is_unknown_only_when_it_read_evaluated_rows(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(graph.step("denoise", table=table), "seen", "unseen")
    assert judged(graph, graph.train(seen), unseen).verdict == "unknown"
    seen, unseen = graph.split(table, "seen", "unseen")
    assert judged(graph, graph.train(graph.step("denoise", table=seen)), unseen).verdict == "passed"


def test_rows_of_unknown_origin_are_unknown(graph: Graph) -> None:
    seen, unseen = graph.split(films(graph), "seen", "unseen")
    nowhere = graph.step("map")
    answer = judged(graph, graph.train(seen, graph.fit(nowhere)), unseen)
    assert answer.verdict == "unknown"
    assert "origin is not recorded" in answer.text


def test_a_chain_of_thousands_of_steps_is_no_problem(graph: Graph) -> None:
    table = films(graph)
    seen, unseen = graph.split(table, "seen", "unseen")
    for _ in range(1200):
        seen = graph.step("map", table=seen)
    assert judged(graph, graph.train(seen), unseen).verdict == "passed"
