"""Imputation by similar rows and by a model, beside scikit-learn."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import KNNImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.operators import operator_from
from instar.data.operators.missing.impute_model import Learned
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation
from instar.data.rows.frames import schema_of

NUMBERS: Cells = {
    "a": (pl.Float64(), st.floats(-1e6, 1e6) | st.sampled_from([float("nan"), float("inf")])),
    "b": (pl.Int64(), st.integers(-5, 5)),
    "c": (pl.Float32(), st.floats(-1e3, 1e3, width=32)),
}
SAMPLE: dict[str, list[Any]] = {
    "a": [90.5, None, 0.1, 0.2, 0.3, 100.25],
    "b": [1, 2, None, 4, 2, 7],
    "c": [0.5, 1.5, 2.5, None, 9.0, 1.0],
}
UNSEEN: dict[str, Any] = {"a": None, "b": 10**9, "c": None}


class TestImputeNeighbours(OperatorContract):
    operator = prep.ImputeNeighbours("a", "b", "c", k=3, weights="distance", rows=8)
    cells = NUMBERS
    sample = SAMPLE
    unseen = UNSEEN


class TestImputeModelOfNumbers(OperatorContract):
    operator = prep.ImputeModel("a", given=["b", "c"], estimator=Ridge(alpha=0.5), rows=40)
    cells = NUMBERS
    sample = SAMPLE
    unseen = UNSEEN


class TestImputeModelOfCategories(OperatorContract):
    operator = prep.ImputeModel("w", given=["b", "v"], estimator=RandomForestClassifier(3, max_depth=2), values=2)
    cells: ClassVar[Cells] = {
        "w": (pl.String(), st.sampled_from(["x", "y", "z"])),
        "b": NUMBERS["b"],
        "v": (pl.String(), st.sampled_from(["p", "q", "r"])),
    }
    sample: ClassVar = {"w": ["x", None, "y", "z", "x", "x"], "b": SAMPLE["b"], "v": ["p", "q", None, "r", "p", "q"]}
    unseen: ClassVar = {"w": None, "b": None, "v": "unseen"}


def holed(rows: int = 200, seed: int = 1) -> pl.DataFrame:
    draws = np.random.default_rng(seed)
    values = draws.normal(size=(rows, 4)) * [1, 10, 100, 0.1]
    values[:, 3] += values[:, 0]
    values[draws.random(values.shape) < 0.1] = np.nan
    return pl.DataFrame(values, schema=["a", "b", "c", "d"]).fill_nan(None)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_a_table_kept_whole_gives_what_scikit_learn_gives_on_scaled_columns(weights: Any) -> None:
    seen, rows = holed(), holed(60, seed=2)
    preparation = fit([prep.ImputeNeighbours(*seen.columns, k=4, weights=weights)], [seen[:50], seen[50:]])
    spread = np.nanstd(seen.to_numpy(), axis=0)
    peer = KNNImputer(n_neighbors=4, weights=weights).fit(seen.to_numpy() / spread)
    for frame in (seen, rows):
        expected = peer.transform(frame.to_numpy() / spread) * spread
        np.testing.assert_allclose(np.asarray(preparation.matrix(frame)), expected, rtol=1e-9)


def test_a_row_that_occurs_often_is_as_many_neighbours() -> None:
    rows = pl.DataFrame({"x": [0, 0, 0, 1, 5], "y": [10, 10, 10, 40, None]})
    made = fit([prep.ImputeNeighbours("x", "y", k=3)], [rows]).apply(rows).frame["y"]
    assert made[4] == pytest.approx((40 + 10 + 10) / 3)


def test_a_sample_is_stated_and_nothing_comparable_gives_the_mean() -> None:
    frame = holed(300)
    preparation = fit([prep.ImputeNeighbours("a", "d", rows=50)], [frame.select("a", "d")])
    assert "the mean of the 5 nearest of a sample of 50 different rows of 300" in preparation.explain()
    lost = preparation.apply(frame.select("a", "d").clear(1)).frame
    assert abs(lost["a"][0]) < 0.5
    constant = pl.DataFrame({"a": [1.0, 1.0, None], "d": [None, None, None]}, schema_overrides={"d": pl.Float64})
    made = fit([prep.ImputeNeighbours("a", "d")], [constant]).apply(constant).frame
    assert made.rows() == [(1.0, None), (1.0, None), (1.0, None)]


def test_neighbours_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadInput, match="'a' alone has no neighbours"):
        prep.ImputeNeighbours("a")
    with pytest.raises(BadInput, match="k=0; give a whole number from 1"):
        prep.ImputeNeighbours("a", "b", k=0)
    with pytest.raises(BadInput, match="unknown weights 'gauss'"):
        prep.ImputeNeighbours("a", "b", weights="gauss")  # type: ignore[arg-type]
    with pytest.raises(WrongType, match="'b' is string"):
        prep.ImputeNeighbours("a", "b").output(schema_of(pl.DataFrame({"a": [1], "b": ["x"]})))


def test_a_model_fills_what_the_same_model_predicts() -> None:
    frame = holed().select("a", "b", "d")
    forest = RandomForestRegressor(n_estimators=5, max_depth=4)
    preparation = fit([prep.ImputeModel("d", given=["a", "b"], estimator=forest, seed=3)], [frame[:90], frame[90:]])
    state = preparation.states[0]
    assert isinstance(state, Learned)
    known = np.frombuffer(state.inputs).reshape(-1, 2)
    assert known.shape[0] == frame["d"].count()
    peer = RandomForestRegressor(n_estimators=5, max_depth=4, random_state=3).fit(known, np.frombuffer(state.goals))
    holes = frame.filter(pl.col("d").is_null())
    inputs = holes.select("a", "b").to_numpy()
    expected = peer.predict(np.where(np.isnan(inputs), [one.mean for one in state.given], inputs))
    assert preparation.apply(holes).frame["d"].to_list() == expected.tolist()
    words = preparation.explain()
    assert f"what RandomForestRegressor predicts, fitted on {state.sampled} different rows" in words


def test_a_pipeline_is_an_estimator_too() -> None:
    frame = holed().select("a", "b", "d")
    model = prep.ImputeModel("d", given=["a", "b"], estimator=make_pipeline(StandardScaler(), RandomForestRegressor(4)))
    assert operator_from(json.loads(json.dumps(model.definition()))) == model
    preparation = fit([model], [frame])
    assert preparation.apply(frame).frame["d"].null_count() == 0
    again = Preparation.from_bytes(preparation.to_bytes())
    assert np.array_equal(np.asarray(again.matrix(frame)), np.asarray(preparation.matrix(frame)), equal_nan=True)


def test_a_classifier_fills_categories_from_text() -> None:
    rows = pl.DataFrame({"zip": ["59", "20"] * 10, "city": ["Natal", "Rio"] * 9 + [None, None]})
    rows = rows.with_row_index("n")
    model = prep.ImputeModel("city", given=["zip", "n"], estimator="sklearn.tree:DecisionTreeClassifier")
    assert fit([model], [rows]).apply(rows).frame["city"].to_list()[-2:] == ["Natal", "Rio"]


def test_a_state_of_another_scikit_learn_is_refused() -> None:
    frame = holed()
    preparation = fit([prep.ImputeModel("d", given=["a"], estimator=Ridge())], [frame])
    state = preparation.states[0]
    assert isinstance(state, Learned)
    with pytest.raises(BadInput, match=r"learned with scikit-learn 0\.9, here is"):
        _ = msgspec.structs.replace(state, library="0.9").fitted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": make_pipeline(FunctionTransformer(abs), Ridge()), "given": ["b"]}, "func=.* is no plain value"),
        ({"estimator": object(), "given": ["b"]}, "no estimator of scikit-learn"),
        ({"estimator": "os:system", "given": ["b"]}, "no class of scikit-learn"),
        ({"estimator": "sklearn.linear_model:Rigde", "given": ["b"]}, "there is no 'sklearn.linear_model:Rigde'"),
        ({"estimator": "sklearn.linear_model:Ridge", "parameters": {"alfa": 1}, "given": ["b"]}, "cannot be made"),
        ({"estimator": Ridge(), "given": []}, "one column is predicted from others"),
        ({"estimator": Ridge(), "given": ["a"]}, "one column is predicted from others"),
    ],
)
def test_a_model_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        prep.ImputeModel("a", **options)


def test_what_an_estimator_cannot_learn_or_predict_is_said_by_name() -> None:
    frame = holed(40)
    failing = prep.ImputeModel("a", given=["b"], estimator="sklearn.linear_model:Ridge", parameters={"alpha": -1.0})
    with pytest.raises(BadInput, match=r"linear_model:Ridge could not be fitted on .* rows"):
        fit([failing], [frame])
    greedy = prep.ImputeModel(
        "a", given=["b"], estimator="sklearn.neighbors:KNeighborsRegressor", parameters={"n_neighbors": 500}
    )
    with pytest.raises(BadInput, match="KNeighborsRegressor could not predict"):
        fit([greedy], [frame])


def test_the_columns_of_a_model_must_fit_it() -> None:
    schema = schema_of(pl.DataFrame({"a": ["x"], "b": [1.5]}))
    with pytest.raises(WrongType, match=r"a regressor\): column 'a' is string"):
        prep.ImputeModel("a", given=["b"], estimator=Ridge()).output(schema)
    with pytest.raises(WrongType, match=r"a classifier\): column 'b' is float64"):
        prep.ImputeModel("b", given=["a"], estimator=RandomForestClassifier()).output(schema)
    with pytest.raises(ColumnMissing, match="no column 'B'"):
        prep.ImputeModel("a", given=["B"], estimator=Ridge()).output(schema)
