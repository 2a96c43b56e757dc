"""Power transforms beside those of scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.preprocessing import PowerTransformer

from instar import prep
from instar.base.errors import BadInput
from instar.data.operators.scale.power import Power, Powers
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation

Numbers = NDArray[np.float64]


def in_chunks(values: Numbers, rows: int = 3_000) -> list[pl.DataFrame]:
    return [pl.DataFrame({"x": values[start : start + rows]}) for start in range(0, values.size, rows)]


def learned(preparation: Preparation) -> Power:
    [state] = preparation.states
    assert isinstance(state, Powers)
    return state.columns["x"]


def skewed(name: str) -> Numbers:
    random = np.random.default_rng(11)
    return {
        "lognormal": np.exp(random.normal(1, 0.8, 10_000)),
        "gamma": random.gamma(2, 3, 10_000) + 0.1,
        "squares": random.normal(20, 2, 10_000) ** 0.5,
        "large": random.normal(1e8, 1e6, 10_000),
    }[name]


@pytest.mark.parametrize("name", ["lognormal", "gamma", "squares"])
def test_box_cox_finds_the_power_of_scipy(name: str) -> None:
    values = skewed(name)
    found = fit([prep.BoxCox("x")], in_chunks(values))
    assert learned(found).power == pytest.approx(stats.boxcox_normmax(values, method="mle"), abs=1e-4)
    expected = PowerTransformer(method="box-cox").fit_transform(values.reshape(-1, 1))[:, 0]
    assert np.abs(found.apply(pl.DataFrame({"x": values})).frame["x"].to_numpy() - expected).max() < 2e-3


@pytest.mark.parametrize("name", ["lognormal", "gamma", "negative"])
def test_yeo_johnson_finds_the_power_of_scipy(name: str) -> None:
    values = -skewed("gamma") + 4 if name == "negative" else skewed(name) - 2
    found = fit([prep.YeoJohnson("x")], in_chunks(values))
    assert learned(found).power == pytest.approx(stats.yeojohnson_normmax(values), abs=1e-4)
    expected = PowerTransformer(method="yeo-johnson").fit_transform(values.reshape(-1, 1))[:, 0]
    assert np.abs(found.apply(pl.DataFrame({"x": values})).frame["x"].to_numpy() - expected).max() < 2e-3


def test_without_standardising_it_is_the_definition() -> None:
    values = skewed("gamma")
    rows = pl.DataFrame({"x": values})
    found = fit([prep.BoxCox("x", standardize=False)], in_chunks(values))
    assert np.allclose(found.apply(rows).frame["x"], stats.boxcox(values, learned(found).power), rtol=1e-10)
    found = fit([prep.YeoJohnson("x", standardize=False)], in_chunks(values - 5))
    made = found.apply(pl.DataFrame({"x": values - 5})).frame["x"]
    assert np.allclose(made, stats.yeojohnson(values - 5, learned(found).power), rtol=1e-10)


def test_large_numbers_of_small_spread_keep_their_digits() -> None:
    values = skewed("large")
    made = fit([prep.BoxCox("x")], in_chunks(values)).apply(pl.DataFrame({"x": values})).frame["x"].to_numpy()
    assert np.unique(made).size > 9_990
    assert abs(made.mean()) < 1e-6
    assert made.std() == pytest.approx(1)


def test_numbers_that_have_no_power_are_refused_and_later_missing() -> None:
    with pytest.raises(BadInput, match=r"BoxCox: column 'x' has the value -2.*YeoJohnson"):
        fit([prep.BoxCox("x")], [pl.DataFrame({"x": [1.0, -2.0]})])
    found = fit([prep.BoxCox("x")], [pl.DataFrame({"x": [1.0, 2.0, 5.0]})])
    made = found.apply(pl.DataFrame({"x": [0.0, -1.0, None, float("nan")]})).frame["x"].to_list()
    assert made == [None] * 4


@pytest.mark.parametrize("operator", [prep.BoxCox("x"), prep.YeoJohnson("x")])
def test_a_constant_column_becomes_0_and_it_is_said(operator: prep.BoxCox) -> None:
    found = fit([operator], [pl.DataFrame({"x": [3.0, 3.0, None]})])
    assert found.apply(pl.DataFrame({"x": [3.0, None]})).frame["x"].to_list() == [0.0, None]
    assert found.explain().startswith("x: power 1 (nearly as it is)")
    empty = fit([operator], [pl.DataFrame({"x": [None]}, schema={"x": pl.Float64})])
    assert empty.explain().startswith("x: power 1, since no value was seen")


def test_numbers_beyond_all_powers_end_at_the_last_power_tried() -> None:
    values = np.exp(np.random.default_rng(2).normal(0, 0.01, 4_000)) ** 3
    power = learned(fit([prep.BoxCox("x")], in_chunks(values))).power
    assert -5 <= power <= 5
