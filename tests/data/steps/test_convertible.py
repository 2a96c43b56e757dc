"""Rows that operators cannot convert."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators import Cast, Impute
from instar.data.steps.convertible import Convertible
from instar.data.steps.step import take

CELLS: Cells = {
    "year": (pl.String(), st.sampled_from(["1999", "2001", "n/a", "", "12"])),
    "day": (pl.String(), st.sampled_from(["2001-02-03", "2001-02-30", "soon"])),
}
SAMPLE = {"table": {"year": ["1999", "n/a", None], "day": ["soon", None, "2001-02-03"]}}


class TestConvertible(StepContract):
    step = Convertible(Cast("year", to="int64"), Cast("day", to="date", format="%Y-%m-%d"), origin="films")
    cells = CELLS
    samples = SAMPLE


def test_one_bad_row_among_many_is_found_and_said() -> None:
    years = [str(year) for year in range(5000)]
    years[4321] = "unknown"
    told: dict[str, object] = {}
    made = take(Convertible(Cast("year", to="int64")), pl.DataFrame({"year": years}), told=told)
    assert made["out"].height == 4999
    assert made["quarantine"]["row"].to_list() == [4321]
    assert '["unknown"]' in made["quarantine"]["reason"][0]
    assert told == {"checked": 5000, "quarantined": 1}


def test_an_operator_sees_what_those_before_it_made() -> None:
    step = Convertible(Cast("x", to="int64"), Cast("x", to="int8"))
    made = take(step, pl.DataFrame({"x": ["1", "300", "a"]}))
    assert made["out"]["x"].to_list() == ["1"]
    assert made["quarantine"]["row"].to_list() == [1, 2]


def test_the_operators_are_checked() -> None:
    with pytest.raises(BadInput, match="no operator is given"):
        Convertible()
    with pytest.raises(BadInput, match="'year' is no operator"):
        Convertible("year")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="learns from the data"):
        Convertible(Impute("year", strategy="mean"))
    with pytest.raises(BadInput, match="format"):
        Convertible(Cast("day", to="date")).output(Schema.of(Field("day", "string")))
