"""Values of the rows before and after, across the borders of chunks."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.rows.frames import schema_of
from instar.data.steps.lags import Lags
from instar.data.steps.step import take

SERIES: Cells = {
    "station": (pl.String(), st.sampled_from("ab")),
    "day": (pl.Int64(), st.integers(0, 9)),
    "x": (pl.Float64(), st.sampled_from([0.0, 1.5, -2.0, float("nan"), float("inf")])),
}
SAMPLE = {
    "table": {"station": [*"abab", None, *"aba"], "day": [1, 1, 2, 2, 3, 4, 5, 6], "x": [1.0, 2, None, 4, 5, 6, 7, 8]}
}


class OverSeries(StepContract):
    cells = SERIES
    samples = SAMPLE

    def arranged(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.drop_nulls("day").sort("day", maintain_order=True)


class TestLagsAndLeadsByGroup(OverSeries):
    step = Lags("x", lags=(1, 3), leads=(1, 2), differences=2, by="station", time="day")


class TestLagsOfAnyOrder(StepContract):
    step = Lags(["x", "station"], leads=1)
    cells = SERIES
    needed = ("x", "station")
    samples = SAMPLE


RAIN = pl.DataFrame(
    {"day": [date(2026, 1, 1) + timedelta(days=at) for at in range(6)], "mm": [1, 2, 4, 8, 16, 32], "town": [*"ababab"]}
)


def test_each_group_has_its_own_series() -> None:
    made = take(Lags("mm", lags=1, leads=1, by="town", time="day"), *(RAIN[at] for at in range(6)))["out"]
    assert made["mm_lag_1"].to_list() == [None, None, 1, 2, 4, 8]
    assert made["mm_lead_1"].to_list() == [4, 8, 16, 32, None, None]


def test_differences_of_times_are_durations_and_of_unsigned_numbers_may_be_negative() -> None:
    rows = RAIN[::-1].with_columns(pl.col("mm").cast(pl.UInt8))
    made = take(Lags(["mm", "day"], differences=1), rows)["out"]
    assert made["mm_diff_1"].to_list() == [None, -16, -8, -4, -2, -1]
    assert made["day_diff_1"].to_list() == [None] + [timedelta(days=-1)] * 5
    assert made.schema["day_diff_1"] == pl.Duration("us")


def test_a_row_that_comes_too_early_is_named_with_its_group_and_the_way_out() -> None:
    rows = pl.DataFrame({"town": [*"abab"], "day": [1, 5, 2, 4]})
    words = (
        r"row 3 \(counted from 0, town 'b'\) has day 4, earlier .*; sort the table first: .sort\(\['town', 'day'\]\)"
    )
    for chunks in ([rows], [rows[:2], rows[2:3], rows[3:]]):
        with pytest.raises(BadInput, match=words):
            take(Lags("day", by="town", time="day"), *chunks)


def test_a_row_without_its_time_is_named() -> None:
    rows = pl.DataFrame({"day": [1.0, float("nan"), None]})
    with pytest.raises(BadInput, match=r"row 1 .* has no 'day'; filter such rows out first"):
        take(Lags("day", time="day"), rows[:1], rows[1:])


@pytest.mark.parametrize("asked", [{"lags": 0}, {"leads": (1, 1)}, {"lags": -1}, {"columns": ()}])
def test_what_makes_no_sense_is_refused_at_once(asked: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="Lags"):
        Lags(**({"columns": "mm"} | asked))  # type: ignore[arg-type]


def test_types_and_names_are_checked_before_any_row() -> None:
    with pytest.raises(WrongType, match="'town' is string, a number or a time is needed"):
        Lags("town", differences=1).output(schema_of(RAIN))
    with pytest.raises(WrongType, match="'town' is string, a date, a datetime or a number is needed"):
        Lags("mm", time="town").output(schema_of(RAIN))
    with pytest.raises(BadInput, match="two columns 'mm_lag_1'"):
        Lags("mm").output(Schema.of(Field("mm", "int64"), Field("mm_lag_1", "int64")))


def test_units_stay_with_what_is_in_them() -> None:
    schema = Schema.of(Field("mm", "float64", "mm"), Field("day", "date"))
    made = Lags(["mm", "day"], lags=1, differences=1).output(schema)["out"]
    assert {one.name: (one.type, one.unit) for one in made.fields[2:]} == {
        "mm_lag_1": ("float64", "mm"),
        "mm_diff_1": ("float64", "mm"),
        "day_lag_1": ("date", ""),
        "day_diff_1": ("duration", ""),
    }
