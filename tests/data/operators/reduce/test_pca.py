"""Principal components: the laws, and the exact decomposition they are compared with."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation

Matrix = np.ndarray[Any, np.dtype[np.float64]]
POINTS = st.floats(-1e4, 1e4)


class Components(OperatorContract):
    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        """The same covariance from the components; directions of equal variance may turn into each other."""
        left, right = (covariance(each) for each in (one, other))
        return bool(np.allclose(left, right, rtol=0, atol=1e-9 * max(1.0, np.abs(left).max(initial=0.0))))


class TestPca(Components):
    operator = prep.Pca("a", "b", "c", into="pc")
    cells: ClassVar[Cells] = {
        "a": (pl.Float64(), POINTS | st.just(float("nan")) | st.just(float("inf"))),
        "b": (pl.Int64(), st.integers(-99, 99)),
        "c": (pl.Float32(), st.sampled_from([0.5, 0.25, 8.0])),
    }
    sample: ClassVar[dict[str, list[Any]]] = {
        "a": [1.0, None, 3.5, 9.0, 0.25, 7.0],
        "b": [1, 2, None, 4, 5, 6],
        "c": [0.5, 2.0, 1.0, None, 8.0, 1.0],
    }
    unseen: ClassVar[dict[str, Any]] = {"a": 1.7e308, "b": 10**15, "c": -3e38}


class TestPcaOfAnArrayWhitened(Components):
    operator = prep.Pca("v", share=0.99, standardise=True, whiten=True)
    cells: ClassVar[Cells] = {"v": (pl.Array(pl.Float64, 3), st.lists(POINTS, min_size=3, max_size=3))}
    sample: ClassVar[dict[str, list[Any]]] = {
        "v": [[1.0, 2.0, 3.0], None, [5.0, 5.0, 1.0], [0.0, 1.0, None], [3.0, 1.0, 4.0], [7.0, 0.5, 2.0]]
    }
    unseen: ClassVar[dict[str, Any]] = {"v": [1e300, -1e300, 0.0]}

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        left: Any = one.states[0]
        right: Any = other.states[0]
        return np.isclose(left.total, right.total) and np.allclose(left.mean, right.mean, atol=1e-9)


def covariance(preparation: Preparation) -> Matrix:
    state: Any = preparation.states[0]
    directions = state.matrix()
    found: Matrix = directions.T @ np.diag(state.variances) @ directions
    return found


def cloud(rows: int = 2000, width: int = 12) -> Matrix:
    rng = np.random.default_rng(11)
    scales = np.diag(0.7 ** np.arange(width))
    found: Matrix = rng.normal(size=(rows, width)) @ scales @ rng.normal(size=(width, width)) + 1e3
    return found


def test_components_of_merged_chunks_are_those_of_all_rows_in_memory() -> None:
    values = cloud()
    rows = pl.DataFrame({"v": values})
    preparation = fit([prep.Pca("v", components=5)], [rows[at : at + 170] for at in range(0, 2000, 170)])
    state: Any = preparation.states[0]
    _, sizes, exact = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    assert np.rad2deg(subspace_angles(state.matrix().T, exact[:5].T)).max() < 1e-5
    assert np.allclose(state.variances, sizes[:5] ** 2 / 2000)
    peer = PCA(5, svd_solver="full").fit_transform(values)
    ours = preparation.apply(rows).frame["components"].to_numpy()
    assert np.allclose(np.abs(ours), np.abs(peer), rtol=1e-4, atol=1e-3)


def test_each_direction_is_turned_so_that_its_greatest_entry_is_positive() -> None:
    for seed in range(5):
        values = np.random.default_rng(seed).normal(size=(40, 6))
        state: Any = fit([prep.Pca("v")], [pl.DataFrame({"v": values})]).states[0]
        directions = state.matrix()
        assert all(each[np.abs(each).argmax()] > 0 for each in directions)


def test_whitened_components_have_variance_1_and_are_uncorrelated() -> None:
    rows = pl.DataFrame({"v": cloud()})
    found = fit([prep.Pca("v", components=4, standardise=True, whiten=True)], [rows]).apply(rows).frame
    assert np.allclose(np.cov(found["components"].to_numpy().T, bias=True), np.eye(4), atol=1e-4)


def test_units_do_not_count_when_standardised() -> None:
    values = cloud()
    factors = 10.0 ** np.arange(-6, 6)
    plain, scaled = (
        fit([prep.Pca("v", components=3, standardise=True)], [pl.DataFrame({"v": x})]).apply(pl.DataFrame({"v": x}))
        for x in (values, values * factors)
    )
    assert np.allclose(plain.frame["components"].to_numpy(), scaled.frame["components"].to_numpy(), atol=1e-4)


def test_a_share_of_the_variance_takes_as_few_as_explain_it() -> None:
    rows = pl.DataFrame({"v": cloud()})
    state: Any = fit([prep.Pca("v", share=0.9)], [rows]).states[0]
    variances = np.array(state.variances)
    assert variances.sum() >= 0.9 * state.total > variances[:-1].sum()


def test_columns_make_way_for_their_components() -> None:
    rows = pl.DataFrame({"a": [1.0, 2.0, 3.0, None], "b": [2.0, 4.0, 6.0, 1.0], "c": ["x", "y", "z", "w"]})
    preparation = fit([prep.Pca("a", "b", into="size")], [rows])
    made = preparation.apply(rows).frame
    assert made.columns == ["c", "size"]
    assert preparation.feature_names() == ("size=pc1",)
    assert made["size"].to_list()[3] is None
    assert "3 rows, 1 incomplete ones left out" in preparation.explain()


def test_nothing_that_varies_gives_no_components() -> None:
    for rows in (pl.DataFrame({"a": [0.1] * 3}), pl.DataFrame({"a": [None]}, schema={"a": pl.Float64})):
        preparation = fit([prep.Pca("a", standardise=True)], [rows])
        assert preparation.output["components"].type == "array[float32,0]"
        assert "a" in preparation.explain()


def test_many_rows_are_the_rows_one_by_one() -> None:
    rows = pl.DataFrame({"v": cloud(150, 30)})
    preparation = fit([prep.Pca("v", components=7)], [rows])
    bulk = preparation.apply(rows).frame["components"]
    assert all(
        preparation.apply(rows[at]).frame["components"].to_list() == bulk[at : at + 1].to_list() for at in range(150)
    )


def test_what_has_no_components_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match="both say how many"):
        prep.Pca("a", components=2, share=0.5)
    with pytest.raises(BadInput, match="components=0"):
        prep.Pca("a", components=0)
    with pytest.raises(BadInput, match="share=0"):
        prep.Pca("a", share=0.0)
    with pytest.raises(BadInput, match="into=''"):
        prep.Pca("a", into="")
    with pytest.raises(WrongType, match="'a' is string"):
        prep.Pca("a").output(Schema.of(Field("a", "string")))
    with pytest.raises(BadInput, match="too large for float64"):
        fit([prep.Pca("a")], [pl.DataFrame({"a": [1e300, -1e300]})])
