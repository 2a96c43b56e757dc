"""Statistics of the rows before, across the borders of chunks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.steps import SETTINGS
from tests.contracts.summaries import Cells, frames_of
from tests.data.steps.test_lags import OverSeries

from instar.base.errors import BadInput, WrongType
from instar.data.rows.frames import schema_of
from instar.data.steps.step import take
from instar.data.steps.window import Window

ALL = ("mean", "sum", "min", "max", "std", "count")


class TestWindowsOfRows(OverSeries):
    step = Window("x", rows=3, statistics=ALL, by="station", time="day")


class TestWindowsOfTimeBeforeTheRow(OverSeries):
    step = Window("x", last=2.5, statistics=ALL, current=False, least=2, time="day")
    needed = ("x", "day")


NUMBERS: Cells = {"x": (pl.Float64(), st.floats(-1e3, 1e3)), "g": (pl.Int64(), st.integers(0, 2))}


@SETTINGS
@given(frames_of(NUMBERS), st.integers(1, 4))
def test_windows_of_rows_are_those_of_polars(frame: pl.DataFrame, rows: int) -> None:
    made = take(Window("x", rows=rows, statistics=ALL, by="g"), frame)["out"]
    for statistic in ("mean", "sum", "min", "max", "std"):
        least = 2 if statistic == "std" else 1
        column = getattr(pl.col("x"), f"rolling_{statistic}")(max(rows, least), min_samples=least)
        wanted = frame.select(column.over("g")).to_series()
        if statistic == "std" and rows == 1:
            assert made["x_std_1"].null_count() == frame.height
            continue
        np.testing.assert_allclose(
            made[f"x_{statistic}_{rows}"].cast(pl.Float64).to_numpy(), wanted.to_numpy(), rtol=1e-9, atol=1e-6
        )


def test_windows_of_time_take_the_rows_later_than_the_time_less_the_stretch() -> None:
    rows = pl.DataFrame({"at": [date(2026, 1, day) for day in (1, 2, 2, 8, 9)], "mm": [1, 2, 4, 8, 16]})
    made = take(Window("mm", last="7d", statistics=("sum", "count"), time="at"), *(rows[at] for at in range(5)))["out"]
    assert made["mm_sum_7d"].to_list() == [1, 3, 7, 14, 24]
    assert made["mm_count_7d"].to_list() == [1, 2, 3, 3, 2]
    moments = rows.with_columns(pl.col("at").cast(pl.Datetime("us")))
    assert take(Window("mm", last="168h", statistics="sum", time="at"), moments)["out"]["mm_sum_168h"].to_list() == [
        *made["mm_sum_7d"]
    ]


def test_a_window_without_its_row_sees_only_what_was_before() -> None:
    rows = pl.DataFrame({"x": [1.0, 2.0, 4.0]})
    assert take(Window("x", rows=2, statistics="sum", current=False), rows)["out"]["x_sum_2"].to_list() == [None, 1, 3]


def test_one_infinite_value_leaves_with_its_window() -> None:
    rows = pl.DataFrame({"x": [1.0, float("inf"), 2.0, 3.0, 4.0]})
    assert take(Window("x", rows=2), rows)["out"]["x_mean_2"].to_list() == [1, float("inf"), float("inf"), 2.5, 3.5]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "give rows=… .* or last=…"),
        ({"rows": 0}, "rows=0; give a whole number of at least 1"),
        ({"last": "7d"}, "needs time="),
        ({"last": "7 days", "time": "at"}, "'7 days' is no duration"),
        ({"last": -1, "time": "at"}, "give a number above 0"),
        ({"rows": 3, "statistics": "median"}, "unknown statistic 'median'"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Window("x", **asked)


def test_types_are_checked_before_any_row() -> None:
    schema = schema_of(pl.DataFrame({"at": [datetime(2026, 1, 1)], "hour": [1], "town": ["a"], "x": [1.0]}))
    with pytest.raises(BadInput, match="'at' is datetime; give last= as a duration"):
        Window("x", last=7, time="at").output(schema)
    with pytest.raises(BadInput, match="'hour' is int64; give last= as a number in its unit"):
        Window("x", last="7h", time="hour").output(schema)
    with pytest.raises(WrongType, match="'town' is string, a column of numbers is needed"):
        Window("town", rows=2).output(schema)


def test_many_chunks_keep_only_the_last_window() -> None:
    start = datetime(2026, 1, 1)
    chunks = [
        pl.DataFrame({"at": [start + timedelta(hours=24 * day + hour) for hour in range(24)], "x": [1.0] * 24})
        for day in range(20)
    ]
    made = take(Window("x", last="2d", statistics="count", time="at"), *chunks)["out"]
    assert made["x_count_2d"].to_list() == [min(at + 1, 48) for at in range(480)]
