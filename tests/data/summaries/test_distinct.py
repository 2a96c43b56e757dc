"""How near the estimate of distinct values comes."""

from __future__ import annotations

import polars as pl
import pytest

from instar.data.summaries import Distinct


@pytest.mark.parametrize("true", [1, 10, 1000, 50_000, 300_000])
def test_the_estimate_is_within_four_standard_errors(true: int) -> None:
    found = Distinct.of(pl.DataFrame({"x": range(true)}), "x").estimate
    assert abs(found - true) <= max(4 * 0.01625 * true, 0.5)


def test_no_value_is_estimated_as_none() -> None:
    assert Distinct().estimate == 0


def test_two_columns_with_the_same_values_meet() -> None:
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["y", "x"]})
    assert Distinct.of(frame, "a") == Distinct.of(frame, "b")
