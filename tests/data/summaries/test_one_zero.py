"""-0.0 is 0.0 in every summary, however many rows there are."""

from __future__ import annotations

import polars as pl
import pytest

from instar.data.rows.zeros import keyed, one_zero
from instar.data.summaries import (
    Contingency,
    Extremes,
    Frequencies,
    FrequentItems,
    Grouped,
    GroupMoments,
    Of,
    QuantileGrid,
    Sample,
)

TYPES = [pl.Float32(), pl.Float64()]
WISHES = [
    Of(Contingency, "x", "y"),
    Of(Extremes, "x"),
    Of(Frequencies, "x"),
    Of(FrequentItems, "x"),
    Of(GroupMoments, "x", "y"),
    Of(Grouped, "x", "y", inner="moments"),
    Of(QuantileGrid, "x"),
    Of(Sample, "x", "y"),
]


def column(rows: int, dtype: pl.DataType, zero: float) -> pl.DataFrame:
    return pl.DataFrame({"x": [zero] * rows, "y": [1.5] * rows}, schema_overrides={"x": dtype})


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.summary.name)
@pytest.mark.parametrize("rows", [1, 2, 17])
def test_a_negative_zero_leaves_the_bytes_of_zero(wish: Of, rows: int, dtype: pl.DataType) -> None:
    assert wish.of(column(rows, dtype, -0.0)).to_bytes() == wish.of(column(rows, dtype, 0.0)).to_bytes()


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("rows", [1, 2, 17])
def test_one_zero_keeps_the_type_and_the_rest(rows: int, dtype: pl.DataType) -> None:
    frame = column(rows, dtype, -0.0)
    for found in (keyed(frame["x"]), frame.select(one_zero(pl.col("x"))).to_series()):
        assert (found.dtype, str(found.to_list())) == (dtype, str([0.0] * rows))
    assert str(one_zero(pl.Series([-1.5, None, float("nan")])).to_list()) == "[-1.5, None, nan]"


def test_whole_numbers_and_texts_are_keys_as_they_are() -> None:
    assert keyed(pl.Series([1, 0])).to_list() == [1, 0]
    assert keyed(pl.Series(["-0.0"])).to_list() == ["-0.0"]
