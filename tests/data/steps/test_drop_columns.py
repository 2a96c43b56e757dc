"""Columns that are mostly missing are dropped by a plan that was made before the run."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput
from instar.data.datasets.dataset import import_data
from instar.data.rows.frames import schema_of
from instar.data.steps.drop_columns import DropColumns
from instar.data.steps.step import take
from instar.store import Store

CELLS: Cells = {"x": (pl.Int64(), st.integers(0, 3)), "y": (pl.String(), st.text("ab", max_size=2))}
SAMPLE = {"table": {"x": [1, None, None, 2, None], "y": [*"abcde"]}}


class TestDropColumns(StepContract):
    step = DropColumns("x", missing=0.5)
    cells = CELLS
    needed = ("x",)
    samples = SAMPLE


ROWS = pl.DataFrame({"full": [1, 2, 3, 4], "half": [1, None, None, 2], "empty": [None, None, None, 1]})


def test_the_plan_names_what_is_missing_more_than_the_limit(store: Store) -> None:
    profile = import_data("films", ROWS, store=store).profile()
    assert DropColumns.planned(profile) == DropColumns("empty", missing=0.5)
    assert DropColumns.planned(profile, missing=0.3).columns == ("half", "empty")
    assert DropColumns.planned(profile, missing=1.0).columns == ()


def test_it_tells_when_the_rows_that_came_are_fuller_than_those_of_the_plan() -> None:
    told: dict[str, Any] = {}
    take(DropColumns(["half", "empty"], missing=0.6), ROWS[:2], ROWS[2:], told=told)
    assert told == {"missing": {"half": 0.5, "empty": 0.75}, "fuller": ["half"]}


def test_columns_named_by_hand_have_no_limit_to_lie_within() -> None:
    told: dict[str, Any] = {}
    take(DropColumns("full"), ROWS, told=told)
    assert told == {"missing": {"full": 0.0}, "fuller": []}


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(BadInput, match="no column would be left"):
        DropColumns(ROWS.columns).output(schema_of(ROWS))
    with pytest.raises(BadInput, match="missing=7; give a number between 0 and 1"):
        DropColumns("x", missing=7)
