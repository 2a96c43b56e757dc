"""Rows are dropped by their score into a table of their own, with the reason."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput, WrongType
from instar.data.rows.frames import schema_of
from instar.data.steps.drop_outliers import DropOutliers
from instar.data.steps.step import take

CELLS: Cells = {
    "score": (pl.Float64(), st.sampled_from([0.0, 1.0, 2.5, 7.0, float("nan"), float("inf"), -float("inf")]))
}
SAMPLE = {"table": {"score": [0.5, 9.0, None, 2.0, 2.0, 1e300, 1.0]}}


class TestAboveAScore(StepContract):
    step = DropOutliers("score", above=2.0)
    cells = CELLS
    samples = SAMPLE


class TestTheGreatestShare(StepContract):
    step = DropOutliers("score", share=0.3)
    cells = CELLS
    samples = SAMPLE


ROWS = pl.DataFrame({"n": range(6), "score": [3.0, 1.0, 3.0, None, 2.0, float("nan")]})


def test_nothing_is_lost_between_the_two_tables() -> None:
    told: dict[str, Any] = {}
    made = take(DropOutliers("score", share=0.5), ROWS[:2], ROWS[2:], told=told)
    assert made["out"]["n"].to_list() == [1, 3, 4, 5]
    assert made["dropped"].rows() == [
        (0, 3.0, "score 3 is among the greatest 0.5"),
        (2, 3.0, "score 3 is among the greatest 0.5"),
    ]
    assert told == {"read": 6, "dropped": 2, "without_score": 2, "greatest_kept": 2.0}


def test_of_equal_scores_the_earlier_goes() -> None:
    assert take(DropOutliers("score", share=0.25), ROWS)["dropped"]["n"].to_list() == [0]


def test_a_score_with_a_limit_is_judged_by_itself_and_a_share_is_not() -> None:
    assert not DropOutliers("score", above=1).across_rows
    assert DropOutliers("score", share=0.1).across_rows


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadInput, match=r"give above=… .* or share=…"):
        DropOutliers("score")
    with pytest.raises(BadInput, match="share=2; give a number between 0 and 1"):
        DropOutliers("score", share=2)
    with pytest.raises(WrongType, match="'score' is string"):
        DropOutliers("score", above=1).output(schema_of(pl.DataFrame({"score": ["a"]})))
    with pytest.raises(BadInput, match="two columns 'reason'"):
        DropOutliers("score", above=1).output(schema_of(pl.DataFrame({"score": [1.0], "reason": ["a"]})))
