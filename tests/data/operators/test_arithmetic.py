"""Arithmetic that does not depend on how many rows there are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instar.data.operators.arithmetic import divided, product, scaled


@pytest.mark.parametrize(("width", "columns"), [(1, 1), (7, 3), (64, 10), (257, 17), (1280, 2)])
def test_a_row_of_a_product_is_the_same_alone_and_among_others(width: int, columns: int) -> None:
    random = np.random.default_rng(width)
    rows, matrix = random.normal(size=(37, width)), random.normal(size=(width, columns))
    whole = product(rows, matrix)
    np.testing.assert_allclose(whole, rows @ matrix, rtol=1e-10, atol=1e-10)
    for at in range(37):
        assert product(rows[at : at + 1], matrix).tobytes() == whole[at : at + 1].tobytes()


def test_a_missing_number_spoils_its_own_row_only() -> None:
    rows = np.ones((20, 3))
    rows[4, 1] = np.nan
    spoiled = np.isnan(product(rows, np.ones((3, 2))))
    assert np.flatnonzero(spoiled[:, 0]).tolist() == np.flatnonzero(spoiled[:, 1]).tolist() == [4]


def test_a_product_of_no_row_has_no_row() -> None:
    assert product(np.empty((0, 3)), np.ones((3, 2))).shape == (0, 2)
    assert product(np.empty((5, 0)), np.empty((0, 2))).tolist() == [[0.0, 0.0]] * 5


@pytest.mark.parametrize("values", [[3.5, 4.5, -1e308, 0.1], [3.5, None, 4.5, 0.1], [None, None], [3.5]])
@pytest.mark.parametrize("by", [1000000003.5, 49.0, 3.0])
def test_a_quotient_is_truly_divided_with_and_without_missing_values(values: list[float | None], by: float) -> None:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    found = frame.select(divided(pl.col("x") + 0.0, by, pl.col("x")))["x"].to_list()
    assert found == [None if value is None else value / by for value in values]


@given(st.floats(1e-320, 1e300))
def test_a_width_is_scaled_to_one_and_a_row_as_among_others(width: float) -> None:
    frame = pl.DataFrame({"x": [width, width / 3, 0.0, None, width]})
    found = frame.select(scaled(pl.col("x"), width, pl.col("x")))["x"]
    assert (found[0], found[2], found[3]) == (1.0, 0.0, None)
    assert found[1] == pytest.approx(frame["x"][1] / width, rel=1e-15)
    alone = [frame[at].select(scaled(pl.col("x"), width, pl.col("x")))["x"][0] for at in range(5)]
    assert alone == found.to_list()
