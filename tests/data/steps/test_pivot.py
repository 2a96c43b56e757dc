"""Long to wide, and back."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput, WrongType
from instar.data.rows.frames import schema_of
from instar.data.steps.pivot import Pivot, Unpivot
from instar.data.steps.step import take

CELLS: Cells = {
    "key": (pl.String(), st.sampled_from("abc")),
    "what": (pl.String(), st.sampled_from(["rain", "wind", "sun"])),
    "x": (pl.Float64(), st.sampled_from([0.1, 0.2, 0.3, -0.7, float("nan"), float("inf")])),
}
SAMPLE = {
    "table": {
        "key": [*"abcab", None, "a", "z"],
        "what": ["rain", "wind", "rain", "wind", "wind", "sun", "rain", None],
        "x": [0.1, 0.2, 0.3, None, 0.5, 0.7, 0.9, 1.0],
    }
}


class TestPivotToMeans(StepContract):
    step = Pivot("what", "x", into=["wind", "rain"], by="key", combine="mean", rest="leave")
    cells = CELLS
    samples = SAMPLE
    rowless = ("out",)


class TestPivotThatRefuses(StepContract):
    step = Pivot("what", "x", into=["wind", "rain", "sun"], by="key")
    cells = CELLS
    samples = {"table": {"key": ["a", "b"], "what": ["wind", "wind"], "x": [1.0, 2.0]}}  # noqa: RUF012
    rowless = ("out",)


class TestUnpivot(StepContract):
    step = Unpivot(["key", "what"], names="column", values="text")
    cells = CELLS
    needed = ("key", "what")
    samples = SAMPLE


LONG = pl.DataFrame({"k": [1, 1, 2, 1], "n": ["a", "b", "a", "a"], "x": [5, 7, 9, 1]})


@pytest.mark.parametrize(
    ("combine", "wanted"),
    [
        ("first", [(1, 5, 7), (2, 9, None)]),
        ("last", [(1, 1, 7), (2, 9, None)]),
        ("min", [(1, 1, 7), (2, 9, None)]),
        ("max", [(1, 5, 7), (2, 9, None)]),
        ("sum", [(1, 6.0, 7.0), (2, 9.0, None)]),
        ("mean", [(1, 3.0, 7.0), (2, 9.0, None)]),
        ("count", [(1, 2, 1), (2, 1, 0)]),
    ],
)
def test_two_values_of_a_cell_give_what_was_stated(combine: str, wanted: list[tuple[object, ...]]) -> None:
    step = Pivot("n", "x", into=["a", "b"], by="k", combine=combine)  # type: ignore[arg-type]
    for chunks in ([LONG], [LONG[at] for at in range(4)]):
        assert take(step, *chunks)["out"].rows() == wanted


def test_a_second_value_is_refused_with_its_row_and_key() -> None:
    with pytest.raises(BadInput, match=r"row 3 .* second with a value for k 1 and n 'a'; .* combine=\"last\""):
        take(Pivot("n", "x", into=["a", "b"], by="k"), LONG[:2], LONG[2:])


def test_a_name_that_was_not_foreseen_is_refused_or_counted() -> None:
    with pytest.raises(BadInput, match=r"row 1 .* has n 'b', which is none of into=\['a'\]"):
        take(Pivot("n", "x", into="a", by="k", combine="last"), LONG)
    told: dict[str, int] = {}
    take(Pivot("n", "x", into="a", by="k", combine="last", rest="leave"), LONG, told=told)
    assert told == {"cells": 2, "left_out": 1}


def test_there_and_back_is_where_it_began() -> None:
    wide = pl.DataFrame({"day": [3, 1, 2], "rain": [5, 9, 1], "wind": [7, 2, 4]})
    long = take(Unpivot(["rain", "wind"], names="what", values="x"), wide)["out"]
    assert take(Pivot("what", "x", into=["rain", "wind"], by="day"), long)["out"].equals(wide)


def test_types_are_checked_before_any_row() -> None:
    schema = schema_of(pl.DataFrame({"k": [1], "n": [1.5], "x": ["a"]}))
    with pytest.raises(WrongType, match="Pivot: column 'n' is float64"):
        Pivot("n", "x", into="a", by="k").output(schema)
    with pytest.raises(WrongType, match="Pivot: column 'x' is string"):
        Pivot("k", "x", into="1", by="n", combine="sum").output(schema)
    with pytest.raises(BadInput, match="'n' is float64, 'k' is int64; cast them to one type"):
        Unpivot(["k", "n"]).output(schema)
    with pytest.raises(BadInput, match="two columns 'k'"):
        Pivot("k", "x", into="k", by="k").output(schema)
