"""What moments guarantee beyond the laws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from instar.base.errors import WrongType
from instar.base.merge import fold
from instar.data.summaries import Moments


def test_far_from_zero_the_variance_keeps_its_digits() -> None:
    values = 1e8 + np.random.default_rng(7).normal(size=40_000)
    frame = pl.DataFrame({"x": values})
    merged = fold(Moments.of(part, "x") for part in frame.iter_slices(1000))
    exact = np.var(values - 1e8)
    assert abs(merged.variance - exact) < 1e-8 * exact


def test_missing_infinite_and_true_values_are_counted_as_said() -> None:
    frame = pl.DataFrame({"x": [1.0, None, float("nan"), float("inf"), 3.0], "b": [True, None, False, True, True]})
    assert Moments.of(frame, "x") == Moments(2, 2.0, 2.0)
    assert Moments.of(frame, "b").mean == 0.75


def test_text_is_refused_with_the_next_step() -> None:
    with pytest.raises(WrongType, match="moments: column 'x' is String, a column of numbers is needed; use Cast first"):
        Moments.of(pl.DataFrame({"x": ["1"]}), "x")
