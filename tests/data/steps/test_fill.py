"""Filling forward and backward, across the borders of chunks."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.steps import SETTINGS, StepContract
from tests.contracts.summaries import Cells, chunkings

from instar.base.errors import BadInput
from instar.data.rows.frames import schema_of
from instar.data.steps.fill import FillBackward, FillForward
from instar.data.steps.step import take

CELLS: Cells = {
    "station": (pl.String(), st.sampled_from("ab")),
    "x": (pl.Float64(), st.none() | st.sampled_from([0.0, 1.5, float("nan"), float("inf")])),
    "word": (pl.String(), st.none() | st.sampled_from(["rain", "sun"])),
}
SAMPLE = {
    "table": {
        "station": [*"abab", None, *"abab"],
        "x": [1.0, 2, None, None, 5, None, 7, None, None],
        "word": [None, "sun", None, None, None, "rain", None, None, None],
    }
}


class TestFillForward(StepContract):
    step = FillForward(["x", "word"], by="station", limit=2)
    cells = CELLS
    samples = SAMPLE
    changes = ("x", "word")


class TestFillBackward(StepContract):
    step = FillBackward(["x", "word"], by="station", limit=2)
    cells = CELLS
    samples = SAMPLE
    changes = ("x", "word")


@SETTINGS
@given(st.data(), st.sampled_from([None, 1, 2]), st.booleans())
def test_it_gives_what_polars_gives_on_the_whole_table(data: st.DataObject, limit: int | None, groups: bool) -> None:
    frame, chunks = data.draw(chunkings(CELLS))
    by = ["station"] if groups else []
    for step, name in ((FillForward, "forward_fill"), (FillBackward, "backward_fill")):
        column = getattr(pl.col("x", "word"), name)(limit=limit)
        wanted = frame.with_columns(column.over(by) if by else column)
        made = take(step(["x", "word"], by=by, limit=limit), *chunks)["out"]
        assert repr(made.rows()) == repr(wanted.rows())


def test_it_tells_how_many_values_it_filled() -> None:
    told: dict[str, object] = {}
    rows = pl.DataFrame({"x": [None, 1, None, None, 2, None]})
    take(FillForward("x", limit=1), rows[:2], rows[2:], told=told)
    assert told == {"filled": {"x": 2}, "left_missing": {"x": 2}}


def test_rows_out_of_order_are_refused_when_the_time_is_named() -> None:
    rows = pl.DataFrame({"day": [1, 3, 2], "x": [1, None, 2]})
    for step in (FillForward, FillBackward):
        with pytest.raises(BadInput, match=f"{step.__name__}: row 2 .* has day 2, earlier than the row before"):
            take(step("x", time="day"), rows[:2], rows[2:])


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadInput, match="FillForward: limit=0; give a whole number of at least 1"):
        FillForward("x", limit=0)
    with pytest.raises(BadInput, match="'x' is filled and orders the rows too"):
        FillBackward("x", by="x").output(schema_of(pl.DataFrame({"x": [1]})))
