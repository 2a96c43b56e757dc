"""How surely columns determine another, against the definition by brute force."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.data.summaries import Contingency
from instar.data.values.dependencies import dependency, expected_accuracy, majority

ROWS = st.lists(st.tuples(st.sampled_from("abc") | st.none(), st.sampled_from("xy") | st.none()), max_size=14)


def left_out(rows: list[tuple[str | None, str | None]]) -> float:
    """Over the rows with a known goal: the chance to have the group's commonest value, and that another row has it too."""
    known = [row for row in rows if row[1] is not None]
    right = 0.0
    for given_value, _ in known:
        others = [goal for value, goal in known if value == given_value]
        if given_value is not None and len(others) > 1:
            top = Counter(others).most_common(1)[0][1]
            right += top / len(others) * (top - 1) / (len(others) - 1)
    return right / len(known) if known else 0.0


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_score_is_the_definition_summed_row_by_row(rows: list[tuple[str | None, str | None]]) -> None:
    table = Contingency.of(pl.DataFrame(rows, schema={"s": pl.String, "goal": pl.String}, orient="row"), "s", "goal")
    found = dependency(table)
    assert found.accuracy == pytest.approx(left_out(rows), abs=1e-12)
    assert found.accuracy <= found.shared <= 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from("ab")] * 3), min_size=1, max_size=14))
def test_no_larger_set_is_more_accurate_than_the_rows_its_part_shares(rows: list[tuple[str, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=["s", "t", "goal"], orient="row")
    part = dependency(Contingency.of(frame, "s", "goal"))
    assert expected_accuracy(Contingency.of(frame, "s", "t", "goal")) <= part.shared


def test_a_key_determines_nothing_though_its_error_is_none() -> None:
    frame = pl.DataFrame({"id": [1, 2, 3], "city": ["Rio", "Rio", "Natal"]})
    found = dependency(Contingency.of(frame, "id", "city"))
    assert (found.accuracy, found.shared, found.error, found.single) == (0.0, 0.0, 0, 1.0)


def test_one_table_is_read_both_ways() -> None:
    frame = pl.DataFrame({"zip": [1, 1, 2, 2], "city": ["Rio"] * 4})
    table = Contingency.of(frame, "zip", "city")
    assert expected_accuracy(table) == 1.0
    assert expected_accuracy(table, goal=0) == pytest.approx(2 * (2 - 1) / (4 - 1) / 4)


def test_no_rows_and_an_empty_goal_score_nothing() -> None:
    nothing = pl.DataFrame({"s": ["a"], "goal": [None]}, schema={"s": pl.String, "goal": pl.String})
    for frame in (nothing, nothing.clear()):
        found = dependency(Contingency.of(frame, "s", "goal"))
        assert (found.rows, found.groups, found.accuracy) == (0, 0, 0.0)


def test_of_equally_common_values_the_least_is_the_majority() -> None:
    assert majority({"b": 3, "a": 3, "c": 1}) == ("a", 3)
