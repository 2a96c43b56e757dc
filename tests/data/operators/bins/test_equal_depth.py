"""Bins of equal depth: how near the ranks, and what happens to ties."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from instar import prep
from instar.base.errors import BadInput
from instar.data.operators.bins.equal_depth import Depths
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation


def chunks_of(zeros: float, rows: int = 5_000, parts: int = 8) -> list[pl.DataFrame]:
    random = np.random.default_rng(7)
    found = []
    for _ in range(parts):
        values = np.where(random.random(rows) < 0.7, np.exp(random.normal(size=rows)), random.normal(size=rows))
        found.append(pl.DataFrame({"x": np.where(random.random(rows) < zeros, 0.0, values)}))
    return found


def edges_of(preparation: Preparation) -> NDArray[np.float64]:
    [state] = preparation.states
    assert isinstance(state, Depths)
    return np.array(state.columns["x"].edges)


def rank_error(values: NDArray[np.float64], edges: NDArray[np.float64], bins: int) -> float:
    """The greatest distance of i/bins from the ranks of the two values between which the i-th edge lies: no edge parts
    equal values, so the ranks of equal values are one interval."""
    values = np.sort(values)
    after = np.searchsorted(values, edges, side="left")
    low = np.searchsorted(values, values[after - 1], side="left") / values.size
    high = np.searchsorted(values, values[after], side="right") / values.size
    wanted = np.arange(1, bins) / bins
    return float(np.maximum(np.maximum(low - wanted, wanted - high), 0).max())


@pytest.mark.parametrize("zeros", [0.0, 0.02])
def test_64_bins_are_64_and_within_a_thousandth_of_their_rank(zeros: float) -> None:
    chunks = chunks_of(zeros)
    preparation = fit([prep.EqualDepth("x")], chunks)
    values = pl.concat(chunks)
    assert edges_of(preparation).size == 63
    assert rank_error(values["x"].to_numpy(), edges_of(preparation), 64) <= 0.001
    assert preparation.apply(values).frame["x"].n_unique() == 64


@pytest.mark.parametrize("zeros", [0.05, 0.5, 0.9])
def test_a_value_deeper_than_several_bins_takes_one_and_the_others_are_split_elsewhere(zeros: float) -> None:
    chunks = chunks_of(zeros)
    preparation = fit([prep.EqualDepth("x")], chunks)
    coded = preparation.apply(pl.concat(chunks)).frame
    assert coded["x"].n_unique() == 64
    alone = pl.concat(chunks).filter(coded["x"] == preparation.apply(pl.DataFrame({"x": [0.0]})).frame["x"][0])
    assert alone["x"].unique().to_list() == [0.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 9), min_size=1, max_size=40), st.integers(1, 12))
def test_there_are_as_many_bins_as_asked_for_or_as_there_are_values(values: list[int], bins: int) -> None:
    rows = pl.DataFrame({"x": values})
    preparation = fit([prep.EqualDepth("x", bins=bins)], [rows])
    expected = min(bins, len(set(values)))
    assert edges_of(preparation).size == expected - 1
    assert preparation.apply(rows).frame["x"].unique().sort().to_list() == list(range(expected))


def test_without_ties_the_bins_are_equal() -> None:
    rows = pl.DataFrame({"x": np.random.default_rng(1).permutation(400).astype(np.float64)})
    coded = fit([prep.EqualDepth("x", bins=8)], [rows[:150], rows[150:]]).apply(rows).frame["x"]
    assert coded.value_counts()["count"].to_list() == [50] * 8


def test_numbers_too_far_apart_for_their_sum_have_an_edge_between_them() -> None:
    rows = pl.DataFrame({"x": [-1.7e308, 1.7e308]})
    assert fit([prep.EqualDepth("x", bins=2)], [rows]).apply(rows).frame["x"].to_list() == [0, 1]


def test_neighbouring_floats_are_told_apart() -> None:
    rows = pl.DataFrame({"x": [0.0, 5e-324]})
    assert fit([prep.EqualDepth("x", bins=2)], [rows]).apply(rows).frame["x"].to_list() == [0, 1]


def test_it_says_that_there_are_fewer_bins_and_why() -> None:
    preparation = fit([prep.EqualDepth("x", bins=8)], [pl.DataFrame({"x": [1, 1, 1, 5, 7]})])
    assert preparation.explain() == (
        "x: 3 bins (not 8: 3 different values were seen), 0.2 to 0.6 of the 5 values seen in each: "
        "below 3, 3 to 6, from 6"
    )
    operator = preparation.operators[0]
    assert isinstance(operator, prep.EqualDepth)
    assert operator.labels(preparation.states[0], "x") == ("below 3", "3 to 6", "from 6")  # type: ignore[arg-type]


def test_more_than_256_bins_are_codes_of_two_bytes() -> None:
    rows = pl.DataFrame({"x": np.arange(1000.0)})
    coded = fit([prep.EqualDepth("x", bins=300)], [rows]).apply(rows).frame["x"]
    assert coded.dtype == pl.UInt16
    assert coded.n_unique() == 300


@pytest.mark.parametrize("bins", [0, -1, 5000, 2.5, True])
def test_a_number_of_bins_that_is_none_is_refused(bins: int) -> None:
    with pytest.raises(BadInput, match=r"EqualDepth: bins=.* is not between 1 and 4096"):
        prep.EqualDepth("x", bins=bins)
