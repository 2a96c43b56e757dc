"""Imputation by group, the indicator alone, and required columns."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.operators import operator_from
from instar.data.operators.missing.impute_by_group import Strategy
from instar.data.operators.missing.require import Training, ValueMissing
from instar.data.preparing.fitting import fit
from instar.data.rows.frames import schema_of

FILMS = pl.DataFrame(
    {
        "Genre": ["War", "War", "War", "Noir", "Noir", None, "Western"],
        "Rated": ["R", "R", None, "PG", "PG", "R", None],
        "Runtime": [100, 120, None, 80, None, None, None],
    }
)


class TestImputeByGroup(OperatorContract):
    operator = prep.ImputeByGroup("Runtime", "Rated", by=["Genre", "Colour"], strategy="mode")
    cells: ClassVar[Cells] = {
        "Runtime": (pl.Float64(), st.sampled_from([1.5, 2.5, 90.0, float("nan")])),
        "Rated": (pl.String(), st.sampled_from(["R", "PG", ""])),
        "Genre": (pl.String(), st.sampled_from(["War", "Noir", ""])),
        "Colour": (pl.Boolean(), st.booleans()),
    }
    sample: ClassVar = {
        "Runtime": [90.0, None, 1.5, 1.5, 2.5, 90.0],
        "Rated": ["R", None, "PG", "R", "PG", ""],
        "Genre": ["War", "War", "Noir", None, "Noir", "War"],
        "Colour": [True, True, False, None, False, True],
    }
    unseen: ClassVar = {"Runtime": None, "Rated": None, "Genre": "Western", "Colour": None}


def imputed(operator: prep.ImputeByGroup, frame: pl.DataFrame = FILMS) -> pl.DataFrame:
    return fit([operator], [FILMS[:3], FILMS[3:]]).apply(frame).frame


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_a_hole_gets_the_middle_of_its_group_and_else_the_overall_one(strategy: Strategy) -> None:
    made = imputed(prep.ImputeByGroup("Runtime", by="Genre", strategy=strategy))["Runtime"]
    assert made.to_list() == [100.0, 120.0, 110.0, 80.0, 80.0, 100.0, 100.0]


def test_the_mode_of_a_group_takes_text() -> None:
    made = imputed(prep.ImputeByGroup("Rated", by=["Genre"], strategy="mode"))["Rated"]
    assert made.to_list() == ["R", "R", "R", "PG", "PG", "R", "R"]


def test_groups_may_be_combinations_of_columns() -> None:
    operator = prep.ImputeByGroup("Runtime", by=["Genre", "Rated"])
    unseen = pl.DataFrame({"Genre": ["Noir", "Noir"], "Rated": ["PG", "R"], "Runtime": [None, None]})
    assert imputed(operator, unseen)["Runtime"].to_list() == [80.0, 100.0]


def test_it_says_how_many_groups_there_are() -> None:
    words = fit([prep.ImputeByGroup("Runtime", by="Genre")], [FILMS]).explain()
    assert words.splitlines() == [
        "Runtime: a missing value becomes the median of its group of Genre (2 groups), else 100 (4 of 7 were missing)",
        "Genre: only read",
    ]


def test_by_that_names_nothing_or_everything_is_refused() -> None:
    with pytest.raises(BadInput, match="by names no column"):
        prep.ImputeByGroup("Runtime", by=[])
    with pytest.raises(BadInput, match="every column is in by"):
        prep.ImputeByGroup("Runtime", by="Runtime")
    with pytest.raises(BadInput, match="unknown strategy 'constant'"):
        prep.ImputeByGroup("Runtime", by="Genre", strategy="constant")  # type: ignore[arg-type]


def test_a_by_column_that_is_missing_or_of_floats_is_named() -> None:
    with pytest.raises(ColumnMissing, match="no column 'Gener'; did you mean 'Genre'"):
        prep.ImputeByGroup("Runtime", by="Gener").output(schema_of(FILMS))
    with pytest.raises(WrongType, match="'Genre' is float64"):
        prep.ImputeByGroup("Runtime", by="Genre").output(schema_of(FILMS.with_columns(Genre=pl.lit(1.5))))


class TestMissing(OperatorContract):
    operator = prep.Missing("Runtime", "Rated")
    cells: ClassVar[Cells] = {
        "Runtime": (pl.Float64(), st.floats(-9, 9) | st.just(float("nan"))),
        "Rated": (pl.String(), st.sampled_from(["R", "PG", ""])),
    }
    sample: ClassVar = {"Runtime": [1.0, None, 2.0, 3.0, None, 5.0], "Rated": ["R", None, "PG", "R", "PG", ""]}
    unseen: ClassVar = {"Runtime": float("inf"), "Rated": "G"}


def test_the_indicator_is_beside_the_column_and_before_its_imputation() -> None:
    preparation = fit([prep.Missing("Runtime"), prep.Impute("Runtime")], [FILMS])
    assert preparation.feature_names() == ("Runtime", "Runtime_missing")
    assert preparation.apply(FILMS).frame["Runtime_missing"].sum() == 4
    assert "Runtime_missing says where it is missing (4 of 7 were)" in preparation.explain()


def test_an_indicator_whose_name_is_taken_is_refused() -> None:
    with pytest.raises(BadInput, match="'Runtime_missing' already"):
        prep.Missing("Runtime").output(schema_of(FILMS.with_columns(Runtime_missing=True)))


def test_a_required_value_that_is_missing_is_refused_by_name() -> None:
    preparation = fit([prep.Require("Rated", "Runtime"), prep.Impute("Runtime")], [FILMS])
    assert preparation.apply(FILMS[:2]).height == 2
    with pytest.raises(ValueMissing, match=r"column 'Rated' lacks the value, .* give 'Rated', or fill it"):
        preparation.apply(FILMS[2])
    with pytest.raises(ValueMissing, match="column 'Runtime' lacks the value in 2 of 3 rows"):
        preparation.apply(FILMS[3:6])
    assert ValueMissing("Rated", 1, 1).status == 422


def test_nan_is_missing_to_require() -> None:
    preparation = fit([prep.Require("x")], [pl.DataFrame({"x": [1.0]})])
    with pytest.raises(ValueMissing, match="'x'"):
        preparation.apply(pl.DataFrame({"x": [float("nan")]}))


@pytest.mark.parametrize(("on_training", "rows"), [("count", 7), ("refuse", None)])
def test_training_rows_are_refused_likewise_or_counted(on_training: Training, rows: int | None) -> None:
    required = prep.Require("Runtime", on_training=on_training)
    preparation = fit([required, prep.Impute("Runtime")], [FILMS])
    assert operator_from(required.definition()) == required
    assert "(4 of 7 training rows lacked it" in preparation.explain()
    if rows is None:
        with pytest.raises(ValueMissing, match="4 of 7 rows"):
            preparation.matrix(FILMS, training=True)
    else:
        assert preparation.matrix(FILMS, training=True).shape == (rows, 1)
    with pytest.raises(ValueMissing):
        preparation.matrix(FILMS)


def test_require_of_nothing_and_an_unknown_word_are_refused() -> None:
    with pytest.raises(BadInput, match="no column is named"):
        prep.Require()
    with pytest.raises(BadInput, match="unknown on_training='drop'"):
        prep.Require("Year", on_training="drop")  # type: ignore[arg-type]
    with pytest.raises(ColumnMissing, match="Require: the input has no column 'Yer'"):
        prep.Require("Yer").output(schema_of(FILMS))
