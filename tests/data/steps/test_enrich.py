"""More columns from a reference."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.steps import SETTINGS, StepContract
from tests.contracts.summaries import Cells, frames_of

from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.base.schema import Field, Schema
from instar.data.rows.frames import schema_of
from instar.data.steps.enrich import Enrich
from instar.data.steps.step import take
from instar.data.values.partners import EARTH

KEYS = st.sampled_from(["a", "b", "c", "d"])
TIMES = st.integers(-20, 20)
TABLE: Cells = {"key": (pl.String(), KEYS), "at": (pl.Int64(), TIMES)}
REFERENCE: Cells = {**TABLE, "mm": (pl.Float64(), st.floats(0, 9))}
KEYED: Cells = {"key": (pl.String(), st.none()), "mm": (pl.Float64(), st.floats(0, 9))}
PLACES: Cells = {"lat": (pl.Float64(), st.floats(-90, 90)), "lon": (pl.Float64(), st.floats(-180, 180))}
AT = [1, 6, 10]
BY_TIME: dict[str, dict[str, list[Any]]] = {
    "table": {"key": ["a", None, "b"], "at": AT},
    "reference": {"key": ["a", "a", "b"], "at": [AT[0], AT[0], None], "mm": [1.0, 2.0, 3.0]},
}
BY_PLACE: dict[str, dict[str, list[Any]]] = {
    "table": {"lat": [0.0, None, 45.0], "lon": [0.0, 1.0, 179.9]},
    "reference": {"lat": [0.1, 45.0], "lon": [0.0, -179.9]},
}


class TestByKey(StepContract):
    step = Enrich(on="key")
    cells = TABLE
    other_cells = {"reference": {"key": (pl.String(), KEYS), "mm": (pl.Float64(), st.floats(0, 9))}}  # noqa: RUF012
    samples = {  # noqa: RUF012
        "table": {"key": ["a", "b", None], "at": AT},
        "reference": {"key": ["a", "c"], "mm": [1.0, None]},
    }
    needed = ("key",)


class TestByTime(StepContract):
    step = Enrich(on="key", time="at", direction="nearest", tolerance=7, gap="age")
    cells = TABLE
    other_cells = {"reference": REFERENCE}  # noqa: RUF012
    samples = BY_TIME


class TestByPlace(StepContract):
    step = Enrich(place=("lat", "lon"), within=2000, gap="km")
    cells = PLACES
    other_cells = {"reference": PLACES}  # noqa: RUF012
    samples = BY_PLACE


class TestByCell(StepContract):
    step = Enrich(place=("lat", "lon"), cell=30, prefix="station")
    cells = PLACES
    other_cells = {"reference": PLACES}  # noqa: RUF012
    samples = BY_PLACE


@SETTINGS
@given(frames_of(TABLE), frames_of(REFERENCE), st.sampled_from(["backward", "forward", "nearest"]))
def test_it_finds_the_time_that_a_search_of_all_finds(table: pl.DataFrame, reference: pl.DataFrame, way: Any) -> None:
    made = take(Enrich(on="key", time="at", direction=way, gap="gap"), table, reference=[reference])["out"]
    for row in made.iter_rows(named=True):
        gaps = []
        for other in reference.iter_rows(named=True):
            if None in (row["key"], row["at"], other["at"]) or other["key"] != row["key"]:
                continue
            gap = row["at"] - other["at"]
            if way == "nearest" or (gap >= 0 if way == "backward" else gap <= 0):
                gaps.append((abs(gap), -gap))
        best = min(gaps, key=lambda pair: (pair[0], pair[1] > 0), default=(None, None))
        assert row["gap"] == best[0]
        assert row["reference.at"] == (None if best[1] is None else row["at"] + best[1])


@SETTINGS
@given(frames_of(PLACES), frames_of(PLACES))
def test_it_finds_the_place_that_haversine_finds(table: pl.DataFrame, reference: pl.DataFrame) -> None:
    made = take(Enrich(place=("lat", "lon"), gap="km"), table, reference=[reference])["out"]
    known = reference.drop_nulls().to_numpy()
    for row in made.iter_rows(named=True):
        if row["lat"] is None or row["lon"] is None or not len(known):
            assert row["km"] is None
            continue
        north, east = np.radians(row["lat"]), np.radians(row["lon"])
        norths, easts = np.radians(known.T)
        half = np.sin((norths - north) / 2) ** 2 + np.cos(north) * np.cos(norths) * np.sin((easts - east) / 2) ** 2
        assert row["km"] == pytest.approx(2 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1))).min(), rel=1e-6, abs=1e-3)


def test_coverage_is_told_and_rows_keep_their_order() -> None:
    told: dict[str, Any] = {}
    films = pl.DataFrame({"ID": ["x", "y", None, "x"], "Rating": [1, 2, 3, 4]})
    tomatoes = pl.DataFrame({"ID": ["z", "x"], "Rating": [9, 7], "Meter": [50, 60]})
    made = take(Enrich("ID", prefix="tomatoes"), films[:1], films[1:], reference=[tomatoes], told=told)["out"]
    assert made.columns == ["ID", "Rating", "tomatoes.Rating", "Meter"]
    assert made["Meter"].to_list() == [60, None, None, 60]
    assert told == {"rows": 4, "matched": 2, "coverage": 0.5, "reference_rows": 2, "reference_used": 1}


def test_a_key_that_the_reference_has_twice_is_refused() -> None:
    films, reference = pl.DataFrame({"ID": ["x"]}), pl.DataFrame({"ID": ["x", "x"], "Meter": [1, 2]})
    with pytest.raises(BadInput, match=r"the reference has 2 rows for ID 'x'; its key \(ID\) must name one row"):
        take(Enrich("ID"), films, reference=[reference])


def test_dates_and_numbers_are_times_too() -> None:
    hours = [pl.DataFrame({"at": [datetime(2020, 1, 1, hour)], "hour": [hour]}) for hour in (9, 7)]
    step = Enrich(time="at", tolerance="120 minute", prefix="before", gap="age")
    assert take(step, hours[0], reference=[hours[1]])["out"].rows()[0][2:] == (hours[1]["at"][0], 7, timedelta(hours=2))
    days = pl.DataFrame({"day": [date(2020, 1, 3)], "n": [5]})
    rain = pl.DataFrame({"day": [date(2020, 1, 1)], "mm": [1.5]})
    assert take(Enrich(time="day", tolerance=timedelta(days=2)), days, reference=[rain])["out"]["mm"][0] == 1.5
    assert take(Enrich(time="day", tolerance="1 day"), days, reference=[rain])["out"]["mm"][0] is None
    numbers = pl.DataFrame({"n": [3, 9], "mm": [1.5, 2.5]})
    assert take(Enrich(time="n", direction="forward", tolerance=3), days, reference=[numbers])["out"]["mm"][0] is None
    assert take(Enrich(time="n", direction="forward", tolerance=4), days, reference=[numbers])["out"]["mm"][0] == 2.5


def test_what_is_no_place_is_refused() -> None:
    wrong, right = (pl.DataFrame({"lat": [lat], "lon": [0.0]}) for lat in (91.0, 1.0))
    with pytest.raises(BadInput, match=r"'lat' has the value 91\.0"):
        take(Enrich(place=("lat", "lon")), wrong, reference=[right])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "say by what"),
        ({"on": "a", "place": ("b", "c")}, "say by what"),
        ({"time": "a", "direction": "near"}, "direction='near' is unknown"),
        ({"place": ("a",)}, "names two columns"),
        ({"on": "a", "tolerance": 3}, "tolerance= is for time="),
        ({"on": "a", "within": 3}, "within= and cell= are for place="),
        ({"place": ("a", "b"), "within": 3, "cell": 1}, "not both"),
        ({"place": ("a", "b"), "within": float("nan")}, "within=nan is no distance"),
        ({"place": ("a", "b"), "cell": 0}, "cell=0 is no distance"),
        ({"on": "a", "gap": "g"}, "gap= is for"),
    ],
)
def test_contradictory_options_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        Enrich(**options)


def test_columns_must_fit() -> None:
    mine = Schema.of(
        Field("k", "int64"), Field("t", "datetime"), Field("b", "bool"), Field("ref.v", "int64"), Field("v", "int64")
    )
    with pytest.raises(WrongType, match="column 'k' is int64, in the reference string"):
        Enrich("k").output(mine, reference=Schema.of(Field("k", "string")))
    with pytest.raises(ColumnMissing, match=r"Enrich \(reference\): the input has no column 'k'"):
        Enrich("k").output(mine, reference=Schema.of(Field("j", "string")))
    with pytest.raises(BadInput, match="give tolerance= with a unit"):
        Enrich(time="t", tolerance=5).output(mine, reference=mine)
    with pytest.raises(BadInput, match="cannot be converted"):
        Enrich(time="t", tolerance="5 kg").output(mine, reference=mine)
    with pytest.raises(BadInput, match=r"two columns 'ref\.v'"):
        Enrich("k", prefix="ref").output(mine, reference=schema_of(pl.DataFrame({"k": [1], "v": [1]})))


def test_a_reference_that_was_forgotten_is_asked_for() -> None:
    with pytest.raises(BadInput, match="enrich: it reads a table 'reference', too"):
        take(Enrich(on="city"), pl.DataFrame({"city": ["Recife"]}))
