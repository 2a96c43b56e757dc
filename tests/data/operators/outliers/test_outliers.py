"""Outlier scores: the laws, the definitions, and scikit-learn's own scores."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.operators import AnyOperator, operator_from
from instar.data.operators.outliers.neighbours import nearest
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation
from instar.data.rows.frames import schema_of


class Numeric(OperatorContract):
    cells: ClassVar[Cells] = {
        "a": (pl.Float64(), st.floats(-1e6, 1e6) | st.sampled_from([float("nan"), float("inf"), -float("inf"), 3.0])),
        "b": (pl.Int64(), st.integers(-5, 5)),
    }
    sample: ClassVar = {"a": [90.5, None, 0.1, 0.2, 0.3, 100.25], "b": [1, 2, None, 4, 2, 7]}
    unseen: ClassVar = {"a": -3e12, "b": 10**9}


class TestMadScore(Numeric):
    operator = prep.MadScore("a", "b")


class TestQuantileScore(Numeric):
    operator = prep.QuantileScore("a", "b", low=0.1, high=0.9, into="far")


class TestClusterScore(Numeric):
    operator = prep.ClusterScore("a", "b", clusters=2, rows=9)


class TestNeighbourScore(Numeric):
    operator = prep.NeighbourScore("a", "b", k=3, of="mean", rows=9)


class TestLocalOutlierFactor(Numeric):
    operator = prep.LocalOutlierFactor("a", "b", k=3, rows=9)


class TestSurprise(OperatorContract):
    operator = prep.Surprise("city", "state", "sequel")
    cells: ClassVar[Cells] = {
        "city": (pl.String(), st.sampled_from(["a", "b", "c"])),
        "state": (pl.Int64(), st.integers(0, 2)),
        "sequel": (pl.Boolean(), st.booleans()),
    }
    sample: ClassVar = {
        "city": ["a", "a", None, "b", "b", "c"],
        "state": [1, 1, 2, 2, None, 0],
        "sequel": [True, None, True, False, False, True],
    }
    unseen: ClassVar = {"city": "z", "state": 9, "sequel": None}


def cloud(rows: int = 300, seed: int = 0) -> pl.DataFrame:
    """Two clouds of other densities, some rows several times, and five rows far from both."""
    draws = np.random.default_rng(seed)
    near = np.vstack([draws.normal(0, 1, (rows // 2, 2)), draws.normal(9, 0.2, (rows // 2, 2))])
    return pl.DataFrame(np.vstack([near, near[:20], draws.uniform(-9, 20, (5, 2))]), schema=["x", "y"])


def scores(operator: AnyOperator, seen: pl.DataFrame, rows: pl.DataFrame | None = None) -> np.ndarray[Any, Any]:
    chunks = [seen[start:end] for start, end in pairwise([0, seen.height // 3, seen.height // 2, seen.height])]
    made = fit([operator], chunks).apply(seen if rows is None else rows).frame
    return np.asarray(made[operator.writes()[0]].to_numpy())


def scaled(seen: pl.DataFrame, rows: pl.DataFrame | None = None) -> np.ndarray[Any, Any]:
    values = (seen if rows is None else rows).to_numpy()
    return np.asarray((values - seen.to_numpy().mean(axis=0)) / seen.to_numpy().std(axis=0))


def test_the_factor_is_scikit_learns_on_seen_and_on_new_rows() -> None:
    seen, new = cloud(), cloud(seed=1)
    peer = LocalOutlierFactor(n_neighbors=20).fit(scaled(seen))
    np.testing.assert_allclose(
        scores(prep.LocalOutlierFactor("x", "y"), seen), -peer.negative_outlier_factor_, rtol=1e-6
    )
    novel = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(scaled(seen))
    made = scores(prep.LocalOutlierFactor("x", "y"), seen, new)
    np.testing.assert_allclose(made, -novel.score_samples(scaled(seen, new)), rtol=1e-6)


def test_the_distance_to_neighbours_is_scikit_learns_on_seen_and_on_new_rows() -> None:
    seen, new = cloud(), cloud(seed=1)
    peer = NearestNeighbors(n_neighbors=5).fit(scaled(seen))
    itself_left_out = peer.kneighbors()[0]
    np.testing.assert_allclose(scores(prep.NeighbourScore("x", "y"), seen), itself_left_out[:, -1], atol=1e-9)
    distances = peer.kneighbors(scaled(seen, new))[0]
    mean = prep.NeighbourScore("x", "y", of="mean")
    np.testing.assert_allclose(scores(mean, seen, new), distances.mean(axis=1), atol=1e-9)


def test_clusters_are_those_of_kmeans_and_ordinary_rows_score_about_one() -> None:
    seen = cloud()
    made = scores(prep.ClusterScore("x", "y", clusters=2), seen)
    centres = KMeans(2, n_init=3, random_state=0).fit(scaled(seen)).cluster_centers_
    apart = np.linalg.norm(scaled(seen)[:, None] - centres, axis=2).min(axis=1)
    np.testing.assert_allclose(made, apart / apart.mean(), rtol=1e-6)
    assert made.mean() == pytest.approx(1.0)


def test_a_sample_is_stated_in_words() -> None:
    seen = cloud(900)
    for operator in (prep.NeighbourScore("x", "y", rows=99), prep.ClusterScore("x", "y", rows=99)):
        assert "a sample of 99 different rows of 925" in fit([operator], [seen]).explain()


def test_extremes_follow_their_definitions() -> None:
    values = np.random.default_rng(3).normal(50, 4, 301)
    frame = pl.DataFrame({"x": values})
    deviation = np.median(abs(values - np.median(values)))
    made = scores(prep.MadScore("x"), frame)
    np.testing.assert_allclose(made, abs(values - np.median(values)) / (1.4826 * deviation))
    low, high = np.quantile(values, [0.25, 0.75], method="averaged_inverted_cdf")
    outside = np.maximum(np.maximum(low - values, values - high), 0) / (high - low)
    np.testing.assert_allclose(scores(prep.QuantileScore("x"), frame), outside)


def test_a_column_that_is_nearly_or_wholly_constant_has_scores() -> None:
    nearly = pl.DataFrame({"x": [5.0] * 9 + [15.0]})
    assert scores(prep.MadScore("x"), nearly)[-1] == pytest.approx(10 / 1.2533)
    constant = pl.DataFrame({"x": [5.0] * 9})
    for operator in (prep.MadScore("x"), prep.QuantileScore("x"), prep.ClusterScore("x"), prep.NeighbourScore("x")):
        assert scores(operator, constant, pl.DataFrame({"x": [5.0, 7.0]})).tolist() == [0.0, 2.0]


def test_a_missing_value_has_no_score_and_an_infinite_one_is_infinitely_far() -> None:
    rows = pl.DataFrame({"x": [None, math.inf, 1.0], "y": [1.0, 1.0, 1.0]})
    for operator in (prep.ClusterScore("x", "y"), prep.NeighbourScore("x", "y"), prep.LocalOutlierFactor("x", "y")):
        made = fit([operator], [cloud()]).apply(rows).frame["outlier"]
        assert made[0] is None
        assert made[1] == math.inf
        assert math.isfinite(made[2])
    assert fit([prep.MadScore("x", "y")], [cloud()]).apply(rows).frame["outlier"][0] is not None


@pytest.mark.parametrize("count", [1, 3, 9, 10, 11])
def test_the_nearest_are_those_of_a_stable_sort(count: int) -> None:
    random = np.random.default_rng(7)
    apart = np.vstack(
        [random.random((50, 10)), random.integers(0, 4, (50, 10)), np.full((1, 10), np.inf), np.full((1, 10), np.nan)]
    )
    apart[5, 2], apart[6, 3] = np.inf, np.nan
    found = nearest(apart, count)
    assert found.tolist() == np.argsort(apart, axis=1, kind="stable")[:, :count].tolist()
    assert all(nearest(apart[at : at + 1], count).tolist() == [found[at].tolist()] for at in range(len(apart)))


def test_a_row_between_the_quantiles_has_zero_after_a_load_too() -> None:
    rows = pl.DataFrame({"b": [0.0, 0.0, 0.0, 5.0], "a": [1.0, 2.0, 1.5, 1.0]})
    fitted = fit([prep.QuantileScore("b", "a")], [rows])
    for preparation in (fitted, Preparation.from_bytes(fitted.to_bytes())):
        assert str(preparation.apply(rows).frame["outlier"].to_list()[:3:2]) == "[0.0, 0.0]"


def test_surprise_is_the_definition_and_equals_the_row_when_columns_are_independent() -> None:
    rows = pl.DataFrame({"a": ["x", "x", "y", "y"] * 50, "b": [1, 2, 1, 2] * 50, "c": [True, True, True, False] * 50})
    made = scores(prep.Surprise("a", "b"), rows)
    single = (100 + 1 / 3) / 201
    pair = (50 + single * single) / 201
    assert made.tolist() == pytest.approx([-math.log2(pair)] * 200, abs=1e-12)
    assert made[0] == pytest.approx(2.0, abs=0.05)
    three = scores(prep.Surprise("a", "b", "c"), rows)
    assert three[3] > three[0]


def test_an_odd_combination_of_common_values_surprises() -> None:
    rows = pl.DataFrame({"city": ["Rio"] * 50 + ["Natal"] * 50 + ["Rio"], "state": ["RJ"] * 50 + ["RN"] * 51})
    made = scores(prep.Surprise("city", "state"), rows)
    assert made.argmax() == 100
    unseen = pl.DataFrame({"city": ["Natal"], "state": ["RJ"]})
    assert scores(prep.Surprise("city", "state"), rows, unseen)[0] > made.max()


def test_a_pair_with_too_many_combinations_is_taken_as_independent_and_said() -> None:
    rows = pl.DataFrame({"a": ["x", "y"] * 2, "b": ["x", "y"] * 2})
    preparation = fit([prep.Surprise("a", "b", limit=1)], [rows])
    assert "too many combinations with b, taken as independent" in preparation.explain()
    assert preparation.apply(rows).frame["surprise"][0] == pytest.approx(-2 * math.log2((2 + 1 / 3) / 5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: prep.MadScore("x", into="x"), "into='x' must be the name of a new column"),
        (lambda: prep.QuantileScore("x", low=0.8, high=0.2), "give shares with 0 <= low < high <= 1"),
        (lambda: prep.ClusterScore("x", clusters=0), "clusters=0; give a whole number from 1"),
        (lambda: prep.NeighbourScore("x", k=5, rows=5), "has no 5 neighbours"),
        (lambda: prep.NeighbourScore("x", of="median"), "unknown of='median'"),  # type: ignore[arg-type]
        (lambda: prep.Surprise("x", smoothing=0), "no probability"),
        (lambda: prep.Surprise(), "no column is named"),
    ],
)
def test_options_without_sense_are_refused(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


def test_wrong_columns_are_named_before_any_row_is_read() -> None:
    schema = schema_of(pl.DataFrame({"x": [1.5], "word": ["a"], "outlier": [0.0]}))
    with pytest.raises(WrongType, match="MadScore: column 'word' is string"):
        prep.MadScore("word", into="score").output(schema)
    with pytest.raises(WrongType, match=r"Surprise: column 'x' is float64.*Discretize"):
        prep.Surprise("x").output(schema)
    with pytest.raises(ColumnMissing, match="NeighbourScore: the input has no column 'z'"):
        prep.NeighbourScore("z").output(schema)
    with pytest.raises(BadInput, match="has a column 'outlier' already"):
        prep.LocalOutlierFactor("x").output(schema)


def test_a_score_of_another_version_is_refused() -> None:
    with pytest.raises(BadInput, match="'surprise': its definition has version 2"):
        operator_from({**prep.Surprise("x").definition(), "version": 2})
