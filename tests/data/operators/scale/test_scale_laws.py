"""Operators of scales keep the laws."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells, SummaryContract

from instar import prep
from instar.data.operators.scale.power import Powers
from instar.data.preparing.preparation import Preparation
from instar.data.summaries import Of, PowerMoments, Summary

FLOATS = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.sampled_from([0.0, -0.0, float("inf"), float("-inf")])
NUMBERS: Cells = {"x": (pl.Float64(), FLOATS), "Year": (pl.Int64(), st.integers(-(10**6), 10**6))}
SAMPLE: dict[str, list[Any]] = {"x": [90.5, None, 0.1, 0.2, 0.3, 100.25], "Year": [1999, 2001, None, 1954, 2001, 7]}
FAR: dict[str, Any] = {"x": -3e12, "Year": 10**9}


class Numeric(OperatorContract):
    cells = NUMBERS
    sample = SAMPLE
    unseen = FAR


class TestRobust(Numeric):
    operator = prep.Robust("x", "Year")


class TestMaxAbs(Numeric):
    operator = prep.MaxAbs("x", "Year")


class TestLog(Numeric):
    operator = prep.Log("x", "Year", negative="null")


class TestLogFromTheLeast(Numeric):
    operator = prep.Log("x", "Year", shift="least")


class TestQuantile(Numeric):
    operator = prep.Quantile("x", "Year", to="normal", knots=7)


class TestYeoJohnson(OperatorContract):
    """Moments of another chunking round otherwise, so powers agree within what a likelihood tells."""

    operator = prep.YeoJohnson("x")
    cells: ClassVar[Cells] = {
        "x": (pl.Float64(), st.floats(-50, 50).map(lambda x: round(x, 2)) | st.just(float("inf")))
    }
    sample: ClassVar[dict[str, list[Any]]] = {"x": SAMPLE["x"]}
    unseen: ClassVar[dict[str, Any]] = {"x": -3e12}

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        return same_powers(one, other)


class TestBoxCox(OperatorContract):
    operator = prep.BoxCox("x")
    cells: ClassVar[Cells] = {"x": (pl.Float64(), st.floats(0.5, 50).map(lambda x: round(x, 2)))}
    sample: ClassVar[dict[str, list[Any]]] = {"x": [90.5, None, 0.1, 0.2, 0.3, 100.25]}
    unseen: ClassVar[dict[str, Any]] = {"x": -3e12}

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        return same_powers(one, other)


class TestPowerMoments(SummaryContract):
    wish = Of(PowerMoments, "x", family="yeo_johnson", powers=(-1.0, 0.0, 1.5))
    cells: ClassVar[Cells] = {"x": (pl.Float64(), st.floats(-50, 50))}

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, PowerMoments)
        assert isinstance(other, PowerMoments)
        pairs = zip((one.logs, *one.parts), (other.logs, *other.parts), strict=True)
        return all(a.n == b.n and a.mean == pytest.approx(b.mean, abs=1e-8) for a, b in pairs)


def same_powers(one: Preparation, other: Preparation) -> bool:
    [left], [right] = one.states, other.states
    assert isinstance(left, Powers)
    assert isinstance(right, Powers)
    mine, theirs = left.columns["x"], right.columns["x"]
    return mine.values == theirs.values and mine.power == pytest.approx(theirs.power, abs=1e-4)
