"""Pairs of columns keep the laws of summaries, and say what numpy says."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.summaries import Cells, SummaryContract

from instar.data.summaries import Of, Pairs, Summary

NUMBER = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))


class TestPairs(SummaryContract):
    wish = Of(Pairs, "x", "y", "z")
    cells: ClassVar[Cells] = {
        "x": (pl.Float64(), NUMBER),
        "y": (pl.Float64(), NUMBER),
        "z": (pl.Int64(), st.integers(0, 9)),
    }

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, Pairs)
        assert isinstance(other, Pairs)
        most = max(
            1.0, *(abs(value) for row in frame.rows() for value in row if value is not None and np.isfinite(value)), 1.0
        )
        squares = 1e-11 * most**2 * max(frame.height, 1)
        return (
            one.n.tolist() == other.n.tolist()
            and np.allclose(one.mean, other.mean, rtol=0, atol=1e-11 * most)
            and np.allclose(one.spread, other.spread, rtol=0, atol=squares)
            and np.allclose(one.products, other.products, rtol=0, atol=squares)
        )


def test_each_pair_is_correlated_over_the_rows_that_have_both() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(400, 4)) + 1e6
    values[:, 1] += values[:, 0] - 1e6
    values[random.random(values.shape) < 0.2] = np.nan
    frame = pl.DataFrame(values, schema=["a", "b", "c", "d"])
    found = Pairs.of(frame[:150], *frame.columns) | Pairs.of(frame[150:], *frame.columns)
    for at in range(4):
        for other in range(4):
            both = np.isfinite(values[:, at]) & np.isfinite(values[:, other])
            wanted = np.corrcoef(values[both, at], values[both, other])[0, 1]
            assert found.correlation()[at, other] == pytest.approx(wanted, abs=1e-9)


def test_a_constant_column_is_correlated_with_nothing() -> None:
    found = Pairs.of(pl.DataFrame({"x": [1e8 + 0.1] * 7, "y": list(range(7))}), "x", "y").correlation()
    assert np.isnan(found[0]).all()
    assert found[1, 1] == 1.0
