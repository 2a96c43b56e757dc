"""Operators in scikit-learn, and one preparation for the tables of every library."""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from instar import prep
from instar.base.errors import BadInput, ColumnMissing
from instar.data.operators import AnyOperator
from instar.data.preparing.fitting import fit
from instar.data.preparing.scikit import OperatorTransformer

NUMERIC: dict[str, list[AnyOperator]] = {
    "Standardize": [prep.Standardize("*")],
    "MinMax": [prep.MinMax("*", clip=True)],
    "Impute mean": [prep.Impute("*", strategy="mean")],
    "Impute median": [prep.Impute("*", strategy="median")],
    "Impute constant": [prep.Impute("*", strategy="constant", value=0.0)],
    "Discretize": [prep.Discretize("*", bins=4)],
    "several": [prep.Impute("*"), prep.Standardize("*"), prep.MinMax("*")],
    "MaxAbs": [prep.MaxAbs("*")],
    "Robust": [prep.Robust("*")],
    "Log": [prep.Log("*", shift="least", negative="null")],
    "YeoJohnson": [prep.YeoJohnson("*")],
    "Quantile": [prep.Quantile("*")],
    "EqualDepth": [prep.EqualDepth("*", bins=4)],
    "Binarise": [prep.Binarise("*", threshold=0.0)],
}
# Checks of scikit-learn that an operator fails, each with its reason. There is none.
EXPECTED: dict[str, dict[str, str]] = {}
FILMS = {
    "Title": ["Manhattan", "Ran", "Alien", "Brazil"],
    "Runtime": [96.0, None, 117.0, 132.0],
    "Rated": ["R", "R", None, "PG"],
    "Meter": [97, 96, 98, 98],
}
OPERATORS = (prep.Impute("Runtime"), prep.Standardize("Runtime"), prep.OneHot("Rated"))
EXPECTED_MATRIX = fit(OPERATORS, [pl.DataFrame(FILMS)]).matrix(pl.DataFrame(FILMS)).toarray()  # type: ignore[union-attr]
KINDS: dict[str, Any] = {"polars": pl.DataFrame, "pandas": pd.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("what", NUMERIC)
def test_a_numeric_operator_passes_the_checks_of_scikit_learn(what: str) -> None:
    """One test for all of an operator's checks: the same as ``parametrize_with_checks``, which makes one for each."""
    estimator = OperatorTransformer(NUMERIC[what], columns="all")
    assert len(list(estimator_checks_generator(estimator))) > 40
    done = check_estimator(estimator, on_fail=None, expected_failed_checks=EXPECTED.get(what, {}))
    failed = {one["check_name"]: repr(one["exception"]) for one in done if one["status"] == "failed"}
    assert not failed
    assert {one["check_name"] for one in done if one["status"] == "xfail"} == EXPECTED.get(what, {}).keys()


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_frames_of_every_library_and_gives_the_same_matrix(kind: str) -> None:
    films = KINDS[kind](FILMS)
    ready = prep.transformer(*OPERATORS)
    assert ready.fit_transform(films).toarray().tobytes() == EXPECTED_MATRIX.tobytes()
    assert ready.transform(films).toarray().tobytes() == EXPECTED_MATRIX.tobytes()
    assert ready.get_feature_names_out().tolist() == ["Runtime", "Rated=PG", "Rated=R"]
    assert ready.feature_names_in_.tolist() == list(FILMS)


def test_numpy_has_columns_x0_x1_and_text_in_arrays_of_objects() -> None:
    numbers = np.array([[1.0, np.nan], [3.0, 5.0]])
    assert prep.Impute("x1").as_transformer().fit_transform(numbers).tolist() == [[5.0], [5.0]]
    assert prep.Impute("*").as_transformer(columns="all").fit_transform(numbers).tolist() == [[1.0, 5.0], [3.0, 5.0]]
    mixed = np.array([["R", 90], [np.nan, 110], ["PG", 100]], dtype=object)
    found = prep.transformer(prep.OneHot("x0"), prep.MinMax("x1")).fit_transform(mixed)
    assert found.toarray().tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.5]]
    assert prep.OneHot("*").as_transformer("all").fit_transform([["a"], ["b"]]).toarray().tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_set_output_gives_a_frame_with_names_and_in_pandas_the_index(output: str) -> None:
    films = pd.DataFrame(FILMS, index=[7, 8, 9, 10])
    found = prep.transformer(*OPERATORS).set_output(transform=output).fit_transform(films)
    assert list(found.columns) == ["Runtime", "Rated=PG", "Rated=R"]
    assert np.asarray(found).tobytes() == EXPECTED_MATRIX.tobytes() or np.array_equal(
        np.asarray(found), EXPECTED_MATRIX
    )
    if output == "pandas":
        assert list(found.index) == [7, 8, 9, 10]


def test_it_works_in_a_pipeline_a_column_transformer_and_a_search() -> None:
    rng = np.random.default_rng(1)
    size, city = rng.normal(60, 20, 300), rng.choice(["Rio", "Recife", "Natal"], 300)
    flats = pd.DataFrame({"Size": size, "City": city})
    rent = size * 2 + (city == "Rio") * 50
    columns = ColumnTransformer(
        [
            ("size", prep.Standardize("Size").as_transformer(), ["Size"]),
            ("city", prep.OneHot("City").as_transformer(), ["City"]),
        ]
    )
    assert make_pipeline(columns, LinearRegression()).fit(flats, rent).score(flats, rent) == pytest.approx(1.0)
    pipe = Pipeline(
        [("ready", prep.transformer(prep.Standardize("Size"), prep.OneHot("City"))), ("fit", LinearRegression())]
    )
    assert cross_val_score(pipe, flats, rent, cv=3).min() > 0.999
    grid = {"ready__operators": [[prep.Standardize("Size")], [prep.Standardize("Size"), prep.OneHot("City")]]}
    assert len(GridSearchCV(pipe, grid, cv=3).fit(flats, rent).best_params_["ready__operators"]) == 2


def test_text_that_was_filled_goes_on_as_a_frame_of_its_kind() -> None:
    pipe = make_pipeline(prep.Impute("Rated", strategy="mode").as_transformer(), prep.OneHot("Rated").as_transformer())
    for make in KINDS.values():
        assert pipe.fit_transform(make(FILMS)).toarray().tolist() == [[0, 1], [0, 1], [0, 1], [1, 0]]


def test_training_rows_of_a_target_encoding_do_not_see_their_own_target() -> None:
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"Id": [f"id {number}" for number in range(500)]})
    answer = rng.integers(0, 2, 500).astype(bool)
    ready = prep.TargetEncode("Id", smoothing=0).as_transformer()
    assert abs(np.corrcoef(ready.fit_transform(noise, answer)[:, 0], answer)[0, 1]) < 0.3
    assert np.corrcoef(ready.fit(noise, answer).transform(noise)[:, 0], answer)[0, 1] == pytest.approx(1.0)
    model = make_pipeline(prep.TargetEncode("Id").as_transformer(), LogisticRegression())
    assert cross_val_score(model, noise, answer, cv=3).mean() < 0.6
    with pytest.raises(ValueError, match="requires y to be passed"):
        ready.fit(noise)


def test_it_is_cloned_pickled_and_dumped_by_joblib() -> None:
    films = pl.DataFrame(FILMS)
    ready = prep.transformer(*OPERATORS).fit(films)
    assert not hasattr(clone(ready), "preparation_")
    assert clone(ready).get_params() == {"operators": OPERATORS, "columns": "named"}
    buffer = BytesIO()
    joblib.dump(ready, buffer)
    buffer.seek(0)
    for again in (pickle.loads(pickle.dumps(ready)), joblib.load(buffer)):  # noqa: S301 - our own bytes
        assert again.transform(films).toarray().tobytes() == EXPECTED_MATRIX.tobytes()
        assert again.preparation_ == ready.preparation_


def test_what_makes_no_sense_is_refused() -> None:
    films = pl.DataFrame(FILMS)
    with pytest.raises(BadInput, match="unknown columns='some'"):
        prep.transformer(*OPERATORS, columns="some").fit(films)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="operators are a list of operators"):
        prep.transformer().fit(films)
    with pytest.raises(BadInput, match="MultiHot takes one column"):
        prep.MultiHot("Title").as_transformer("all").fit(films)
    with pytest.raises(ColumnMissing, match="no column 'Year'"):
        prep.Standardize("Year").as_transformer().fit(films)
    with pytest.raises(ValueError, match="input_features is not equal"):
        prep.transformer(*OPERATORS).fit(films).get_feature_names_out(["a"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_preparation_learns_the_same_bytes_from_every_library(kind: str) -> None:
    assert prep.fit(OPERATORS, KINDS[kind](FILMS)).to_bytes() == prep.fit(OPERATORS, pl.DataFrame(FILMS)).to_bytes()


def test_a_preparation_gives_back_the_kind_that_it_was_given() -> None:
    ready = prep.fit([*OPERATORS, prep.Frequency("Title")], FILMS)
    made = ready.transform(pl.DataFrame(FILMS))
    assert made.columns == list(FILMS)
    assert made.schema["Rated"] == pl.Array(pl.Float32, 2)
    assert ready.transform(pl.LazyFrame(FILMS)).collect().equals(made)
    assert pl.DataFrame(ready.transform(pa.table(FILMS))).equals(made)
    assert ready.transform(FILMS)["Title"] == [0.25] * 4
    assert ready.transform(pl.DataFrame(FILMS).to_dicts())[2]["Rated"] == [0.0, 0.0]
    with pytest.raises(ColumnMissing):
        ready.transform(np.ones((2, 2)))
    numbers = np.array([[1.0, 9.0], [3.0, 5.0]])
    assert prep.fit([prep.MinMax("x0")], numbers).transform(numbers).tolist() == [[0.0], [1.0]]


def test_in_pandas_the_index_stays_and_a_block_becomes_columns() -> None:
    films = pd.DataFrame(FILMS).set_index("Title")
    ready = prep.fit(OPERATORS, pl.DataFrame(FILMS))
    made = ready.transform(films)
    assert list(made.columns) == ["Runtime", "Rated=PG", "Rated=R", "Meter"]
    assert made.index.equals(films.index)
    assert made["Rated=R"].to_list() == [1.0, 1.0, 0.0, 0.0]
    assert made["Meter"].dtype == np.int64
    plain = pd.DataFrame(FILMS, index=[3, 1, 4, 1])
    assert list(ready.transform(plain).index) == [3, 1, 4, 1]
    assert list(films.columns) == ["Runtime", "Rated", "Meter"]
