"""Selections of columns: the laws, what is kept, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from tests.contracts.operators import OperatorContract, dense
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators import AnyOperator
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation

COLUMNS: Cells = {
    "a": (pl.Float64(), st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))),
    "b": (pl.Int64(), st.integers(-99, 99)),
    "c": (pl.Float32(), st.sampled_from([0.5, 0.25, 8.0])),
}
SAMPLE: dict[str, list[Any]] = {
    "a": [1.0, None, 3.5, 9.0, 0.25, 7.0],
    "b": [1, 2, None, 4, 5, 6],
    "c": [0.5, 2.0, 1.0, None, 8.0, 1.0],
}
FAR: dict[str, Any] = {"a": 1e300, "b": 2**53 + 1, "c": float("inf")}


class Selection(OperatorContract):
    cells = COLUMNS
    sample = SAMPLE
    unseen = FAR

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        return one.feature_names() == other.feature_names()


class Supervised(Selection):
    target = "good"

    def targeted(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(good=pl.col("b").fill_null(1) % 2 == 0)

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        return one.to_bytes() == other.to_bytes()


class TestSelectVariance(Selection):
    operator = prep.SelectVariance("a", "b", "c")


class TestSelectCorrelation(Selection):
    operator = prep.SelectCorrelation("a", "b", "c", limit=0.95)


class TestSelectInformation(Supervised):
    operator = prep.SelectInformation("a", "b", "c", bins=3, top=2)


class TestSelectImportance(Supervised):
    operator = prep.SelectImportance("a", "b", "c", estimator=DecisionTreeClassifier(max_depth=2), top=2, sample=9)


def table(rows: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    long, noise, year = rng.normal(100, 20, rows), rng.normal(size=rows), rng.integers(1950, 2020, rows)
    return pl.DataFrame(
        {
            "Minutes": long,
            "Seconds": 60 * long + rng.normal(size=rows),
            "Short": -long,
            "Year": year,
            "Noise": noise,
            "Same": [0.1] * rows,
            "Good": (long + noise) > 100,
            "Meter": long + 3 * noise,
        }
    )


FEATURES = ("Noise", "Minutes", "Seconds", "Short", "Year", "Same")


def kept(operator: AnyOperator, target: str | None = None, rows: pl.DataFrame | None = None) -> tuple[str, ...]:
    frame = table() if rows is None else rows
    return tuple(name.partition("=")[2] for name in fit([operator], [frame[:100], frame[100:]], target).feature_names())


def test_what_varies_is_what_scikit_learn_keeps() -> None:
    rows = table()
    for above in (0.0, 2.0, 500.0):
        peer = VarianceThreshold(above).fit(rows.select(FEATURES).to_numpy())
        names = tuple(np.array(FEATURES)[peer.get_support()])
        if above == 0.0:
            names = tuple(name for name in names if name != "Same")  # whose variance is rounding: 1e-33
        assert kept(prep.SelectVariance(*FEATURES, above=above)) == names


def test_kept_values_are_not_rounded_and_missing_ones_stay_missing() -> None:
    rows = pl.DataFrame({"id": [2**53 - 1, 1, 7], "x": [0.1, None, float("inf")], "y": [1, 1, 1]})
    found = fit(
        [prep.SelectVariance("id", "x", "y", into="kept")], [pl.DataFrame({"id": [1, 2], "x": [1.0, 2.0], "y": [1, 1]})]
    )
    made = found.apply(rows).frame
    assert made.columns == ["kept"]
    assert made["kept"].to_list() == [[2.0**53 - 1, 0.1], [1.0, None], [7.0, float("inf")]]
    assert made.schema["kept"] == pl.Array(pl.Float64, 2)


def test_values_of_an_array_and_of_a_block_are_selected_too() -> None:
    rows = pl.DataFrame({"v": pl.Series([[1.0, 5.0, 2.0], [1.0, 6.0, 4.0], None], dtype=pl.Array(pl.Float32, 3))})
    found = fit([prep.SelectVariance("v")], [rows])
    assert found.feature_names() == ("selected=1", "selected=2")
    assert found.apply(rows).frame["selected"].to_list() == [[5.0, 2.0], [6.0, 4.0], None]
    texts = pl.DataFrame({"t": ["a b", "a c", "a b b"]})
    both = fit([prep.TfIdf("t", pattern=r"\w"), prep.SelectVariance("t", above=1e-3)], [texts])
    plain = fit([prep.TfIdf("t", pattern=r"\w")], [texts])
    assert "selected" in both.apply(texts).blocks
    wanted = np.array(both.states[1].kept)  # type: ignore[attr-defined]
    assert np.array_equal(dense(both.matrix(texts)), dense(plain.matrix(texts))[:, wanted])


def test_a_representative_says_what_it_stands_for() -> None:
    preparation = fit([prep.SelectCorrelation(*FEATURES)], [table()])
    assert preparation.explain().splitlines() == [
        "selected: 4 of 6 values of Noise, Minutes, Seconds, Short, Year, Same stand for all at |r| >= 0.9 (300 rows)",
        "Noise: kept, stands for itself",
        "Minutes: kept, stands for Seconds (r = 1.000), Short (r = -1.000)",
        "Year: kept, stands for itself",
        "Same: kept, stands for itself",
    ]


def test_who_is_left_out_is_near_the_one_that_stands_for_it_and_not_only_near_a_neighbour() -> None:
    """x1, x2, x3 … form a chain: neighbours are near, the ends are not."""
    steps = np.random.default_rng(1).normal(size=(2000, 9)).cumsum(axis=1)[:, 2:]
    names = [f"x{place}" for place in range(7)]
    rows = pl.DataFrame(dict(zip(names, steps.T)))
    preparation = fit([prep.SelectCorrelation(*names, limit=0.85)], [rows])
    state: Any = preparation.states[0]
    truth = np.corrcoef(steps.T)
    assert 1 < len(state.kept) < 7
    for place, others in zip(state.kept, state.stands_for):
        assert all(abs(truth[place, other.place]) >= 0.85 for other in others)
        assert all(truth[place, other.place] == pytest.approx(other.correlation, abs=1e-6) for other in others)
    pairs = [(one, two) for one in state.kept for two in state.kept if one < two]
    assert all(abs(truth[one, two]) < 0.85 for one, two in pairs)


def test_information_is_that_of_the_cut_columns() -> None:
    rows = table().with_columns(Kind=pl.col("Year") % 3)
    operator = prep.SelectInformation("Minutes", "Noise", "Kind", bins=4, top=None, above=0.01)
    found: Any = fit([operator], [rows], "Good").states[0]
    cut = {
        name: np.digitize(rows[name], np.quantile(rows[name], [0.25, 0.5, 0.75], method="midpoint"))
        for name in ("Minutes", "Noise")
    }
    for name, bits in zip(("Minutes", "Noise"), found.bits):
        assert bits == pytest.approx(mutual_info_score(cut[name], rows["Good"]) / np.log(2), abs=1e-3)
    assert found.bits[0] > 0.4 > found.bits[1]
    assert found.rows == (300, 300, 300)
    assert kept(operator, "Good", rows)[0] == "Minutes"


def test_information_about_a_target_of_numbers() -> None:
    assert kept(prep.SelectInformation(*FEATURES, top=3, target_bins=5), "Meter") == ("Minutes", "Seconds", "Short")
    assert kept(prep.SelectInformation(*FEATURES, top=1, above=9.0, target_bins=5), "Meter") == ()


def test_rows_without_value_or_target_tell_nothing() -> None:
    rows = pl.DataFrame({"x": [1.0, 2.0, None, 4.0], "Good": [True, False, True, None]})
    found: Any = fit([prep.SelectInformation("x", bins=2)], [rows], "Good").states[0]
    assert found.rows == (2,)
    assert found.bits == (1.0,)


def test_importance_finds_the_column_that_decides() -> None:
    for estimator in (RandomForestClassifier(n_estimators=10), LogisticRegression(max_iter=1000)):
        operator = prep.SelectImportance("Noise", "Minutes", "Year", "Same", estimator=estimator, top=1)
        assert kept(operator, "Good") == ("Minutes",)
    above = prep.SelectImportance("Noise", "Minutes", "Year", estimator=DecisionTreeClassifier(max_depth=1), above=0.5)
    assert kept(above, "Good") == ("Minutes",)


def test_the_model_is_made_anew_from_its_definition_and_not_kept() -> None:
    operator = prep.SelectImportance("Noise", "Minutes", estimator=RandomForestClassifier(n_estimators=5), top=1)
    assert operator.definition()["estimator"] == {
        "estimator": "sklearn.ensemble.RandomForestClassifier",
        "parameters": {"n_estimators": 5},
    }
    one, other = (fit([operator], [table()], "Good").to_bytes() for _ in range(2))
    assert one == other
    assert len(one) < 1000


def test_a_sample_counts_a_row_as_often_as_it_occurs() -> None:
    rows = pl.DataFrame({"x": [0.0, 1.0] * 50, "y": [0.0, 0.0, 1.0, 1.0] * 25, "Good": [False, True] * 50})
    found: Any = fit(
        [prep.SelectImportance("x", "y", estimator=DecisionTreeClassifier(), sample=4)], [rows], "Good"
    ).states[0]
    assert (found.rows, found.of, found.shares) == (100, 100, (1.0, 0.0))


def test_what_cannot_be_selected_is_refused_at_once() -> None:
    tree = DecisionTreeClassifier()
    with pytest.raises(BadInput, match="never below 0"):
        prep.SelectVariance("x", above=-1.0)
    with pytest.raises(BadInput, match="limit=0"):
        prep.SelectCorrelation("x", limit=0)
    with pytest.raises(BadInput, match="top=0"):
        prep.SelectInformation("x", top=0)
    with pytest.raises(BadInput, match="bins=1"):
        prep.SelectInformation("x", bins=1)
    with pytest.raises(BadInput, match="no share"):
        prep.SelectImportance("x", estimator=tree, above=1.0)
    with pytest.raises(BadInput, match="no estimator of scikit-learn"):
        prep.SelectImportance("x", estimator="forest")
    with pytest.raises(BadInput, match="cannot be written down"):
        prep.SelectImportance("x", estimator=make_pipeline(tree))
    with pytest.raises(BadInput, match="no definition"):
        prep.SelectImportance("x", estimator={"estimator": "os.system", "parameters": {}})
    with pytest.raises(BadInput, match="a column 'selected' already"):
        prep.SelectVariance("x").output(Schema.of(Field("x", "int64"), Field("selected", "int64")))
    with pytest.raises(WrongType, match="'x' is string"):
        prep.SelectVariance("x").output(Schema.of(Field("x", "string")))
    with pytest.raises(WrongType, match=r"'v' is array\[float64,2\]"):
        prep.SelectCorrelation("x", "v").output(Schema.of(Field("x", "int64"), Field("v", "array[float64,2]")))
    with pytest.raises(BadInput, match="neither feature_importances_ nor coef_"):
        fit([prep.SelectImportance("Noise", estimator=KNeighborsClassifier())], [table()], "Good")
    with pytest.raises(BadInput, match=r"no estimator 'sklearn.tree.Oak' can be made"):
        fit(
            [prep.SelectImportance("Noise", estimator={"estimator": "sklearn.tree.Oak", "parameters": {}})],
            [table()],
            "Good",
        )
    with pytest.raises(BadInput, match="learns from the target"):
        fit([prep.SelectInformation("Noise")], [table()])
