"""Robust, max-abs, logarithm and quantile scales beside scikit-learn's, and at the edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.preprocessing import MaxAbsScaler, QuantileTransformer, RobustScaler

from instar import prep
from instar.base.errors import BadInput
from instar.data.operators import AnyOperator
from instar.data.preparing.fitting import fit

ODD = pl.DataFrame({"x": [None, float("nan"), float("inf"), float("-inf")]})


def made(operator: AnyOperator, rows: pl.DataFrame, *, of: pl.DataFrame | None = None) -> list[Any]:
    return fit([operator], [rows]).apply(rows if of is None else of).frame["x"].to_list()


def numbers(rows: int) -> pl.DataFrame:
    return pl.DataFrame({"x": np.exp(np.random.default_rng(4).normal(size=rows))})


def test_robust_is_scikit_learns() -> None:
    rows = numbers(501)
    expected = RobustScaler().fit_transform(rows.to_numpy())[:, 0]
    assert np.allclose(made(prep.Robust("x"), rows), expected)


def test_robust_over_large_chunks_is_within_a_thousandth_in_rank() -> None:
    rows = numbers(40_000)
    found = fit([prep.Robust("x", low=0.1, high=0.9)], [rows[:15_000], rows[15_000:]])
    again = found.apply(rows).frame["x"]
    assert abs((again < 0).mean() - 0.5) <= 0.001  # type: ignore[operator]


def test_robust_keeps_the_unit_where_the_middle_is_one_value() -> None:
    assert made(prep.Robust("x"), pl.DataFrame({"x": [1.0, 1.0, 1.0, 1.0, 5.0]})) == [0.0, 0.0, 0.0, 0.0, 4.0]


def test_max_abs_is_scikit_learns() -> None:
    rows = pl.DataFrame({"x": [-7.0, 3.0, 0.0, 0.7]})
    assert made(prep.MaxAbs("x"), rows) == MaxAbsScaler().fit_transform(rows.to_numpy())[:, 0].tolist()


def test_max_abs_leaves_zeros_and_says_so() -> None:
    found = fit([prep.MaxAbs("x")], [pl.DataFrame({"x": [0.0, 0.0]})])
    assert found.apply(pl.DataFrame({"x": [2.0]})).frame["x"].to_list() == [2.0]
    assert found.explain() == "x: left as it is, since all values are 0"


@pytest.mark.parametrize("operator", [prep.Robust("x"), prep.MaxAbs("x"), prep.Log("x")])
def test_infinite_values_stay_where_they_have_a_scale(operator: AnyOperator) -> None:
    low = None if isinstance(operator, prep.Log) else -math.inf
    assert made(operator, numbers(5), of=ODD) == [None, None, math.inf, low]


def test_log_is_log1p_for_shift_1_and_exact_for_small_numbers() -> None:
    rows = pl.DataFrame({"x": [0.0, 1e-18, 1.0]})
    assert made(prep.Log("x"), rows) == [0.0, 1e-18, math.log(2)]
    assert made(prep.Log("x", shift=0), pl.DataFrame({"x": [1.0, math.e]})) == [0.0, 1.0]
    assert made(prep.Log("x", shift="least"), pl.DataFrame({"x": [-5.0, -4.0]})) == [0.0, math.log(2)]


def test_a_number_without_a_logarithm_is_an_error_or_missing_as_asked() -> None:
    rows = pl.DataFrame({"x": [-1.0, 0.0]})
    with pytest.raises(BadInput, match=r"column 'x' has the value -1, and -1 \+ 1 has no logarithm; choose"):
        fit([prep.Log("x")], [rows])
    assert made(prep.Log("x", negative="null"), rows) == [None, 0.0]
    assert made(prep.Log("x"), pl.DataFrame({"x": [1.0]}), of=rows) == [None, 0.0]


@pytest.mark.parametrize("to", ["uniform", "normal"])
def test_quantile_is_near_scikit_learns(to: Any) -> None:
    rows = numbers(5_000)
    peer = QuantileTransformer(n_quantiles=1000, output_distribution=to, subsample=None)
    expected = peer.fit_transform(rows.to_numpy())[:, 0]
    found = fit([prep.Quantile("x", to=to)], [rows[:2_000], rows[2_000:]]).apply(rows).frame["x"].to_numpy()
    inner = (rows["x"].rank().to_numpy() / rows.height > 0.02) & (rows["x"].rank().to_numpy() / rows.height < 0.98)
    assert np.abs(found - expected)[inner].max() < (0.003 if to == "uniform" else 0.06)


def test_quantile_of_few_values_is_the_middle_rank() -> None:
    assert made(prep.Quantile("x"), pl.DataFrame({"x": [3.0, 1.0, 3.0, 9.0]})) == [0.5, 0.125, 0.5, 0.875]


def test_quantile_puts_what_lies_outside_at_the_ends() -> None:
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    outside = pl.DataFrame({"x": [None, float("nan"), math.inf, -math.inf, 1e300, 0.0]})
    assert made(prep.Quantile("x"), rows, of=outside) == [None, None, 0.875, 0.125, 0.875, 0.125]
    normal = made(prep.Quantile("x", to="normal"), rows, of=outside)[2:]
    assert all(math.isfinite(value) for value in normal)


def test_quantile_takes_numbers_at_both_ends_of_float64() -> None:
    rows = pl.DataFrame({"x": [-1.7e308, 1.7e308]})
    assert made(prep.Quantile("x"), rows) == [0.25, 0.75]


def test_quantile_never_falls_as_the_number_grows() -> None:
    rows = numbers(3_000)
    found = fit([prep.Quantile("x", knots=50)], [rows]).apply(rows.sort("x")).frame["x"].to_numpy()
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: prep.Robust("x", low=0.8, high=0.2), "not two shares"),
        (lambda: prep.Log("x", shift=True), "neither a number nor"),
        (lambda: prep.Log("x", shift=math.inf), "shift=inf is no number"),
        (lambda: prep.Log("x", negative="zero"), 'use "error" or "null"'),  # type: ignore[arg-type]
        (lambda: prep.Quantile("x", to="gamma"), 'use "uniform" or "normal"'),  # type: ignore[arg-type]
        (lambda: prep.Quantile("x", knots=1), "knots=1 is not between"),
    ],
)
def test_wrong_options_are_refused_at_once(wrong: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        wrong()
