"""What Impute does beyond the laws."""

from __future__ import annotations

import polars as pl
import pytest

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.preparing.fitting import fit


def test_the_mean_and_median_of_integers_give_floats_also_where_nothing_is_missing() -> None:
    films = pl.DataFrame({"Runtime": [90, 100]})
    for strategy in ("mean", "median"):
        out = fit([prep.Impute("Runtime", strategy=strategy)], [films]).apply(films).frame
        assert out.schema == {"Runtime": pl.Float64}


def test_a_missing_value_is_marked_beside_it() -> None:
    films = pl.DataFrame({"Runtime": [90.0, None, float("nan")]})
    out = fit([prep.Impute("Runtime", strategy="mean", indicator=True)], [films]).apply(films).frame
    assert out.to_dict(as_series=False) == {"Runtime": [90.0, 90.0, 90.0], "Runtime_missing": [False, True, True]}


def test_the_indicator_does_not_overwrite_a_column() -> None:
    schema = Schema.of(Field("x", "int64"), Field("x_missing", "bool"))
    with pytest.raises(BadInput, match="has a column 'x_missing' already"):
        prep.Impute("x", indicator=True).output(schema)


def test_ties_of_the_mode_go_to_the_least() -> None:
    films = pl.DataFrame({"Rated": ["R", "PG", None], "Year": [2001, 1999, None]})
    out = fit([prep.Impute("Rated", "Year", strategy="mode")], [films]).apply(films).frame
    assert out.row(2) == ("PG", 1999)
    assert out.schema == films.schema


def test_a_column_without_any_value_gets_a_neutral_one_and_says_so() -> None:
    empty = pl.DataFrame({"Rated": [None], "Year": [None]}, schema={"Rated": pl.String, "Year": pl.Int64})
    preparation = fit([prep.Impute("Rated", strategy="mode"), prep.Impute("Year", strategy="median")], [empty])
    assert preparation.apply(empty).frame.row(0) == ("", 0.0)
    assert "since no value was seen (1 of 1 were missing)" in preparation.explain()


def test_a_constant_must_fit_its_column() -> None:
    schema = Schema.of(Field("Year", "int64"), Field("Rated", "string"))
    with pytest.raises(WrongType, match="Impute: column 'Year' is int64, a column that can hold 'none' is needed"):
        prep.Impute("Year", strategy="constant", value="none").output(schema)
    assert prep.Impute("Year", strategy="constant", value=0.5).output(schema)["Year"].type == "float64"
    assert prep.Impute("Year", strategy="constant", value=0).output(schema)["Year"].type == "int64"


def test_a_constant_must_be_small_enough_for_its_column() -> None:
    with pytest.raises(WrongType, match="'x' is int8, a column that can hold 300 is needed"):
        prep.Impute("x", strategy="constant", value=300).output(Schema.of(Field("x", "int8")))


def test_half_a_definition_is_refused() -> None:
    with pytest.raises(BadInput, match="go together"):
        prep.Impute("Year", strategy="constant")
    with pytest.raises(BadInput, match="go together"):
        prep.Impute("Year", value=3)
    with pytest.raises(BadInput, match="unknown strategy 'average'"):
        prep.Impute("Year", strategy="average")  # type: ignore[arg-type]


def test_text_has_no_mean() -> None:
    with pytest.raises(
        WrongType,
        match=r"""'Rated' is string, a column of numbers.*strategy="mode" takes text.*Cast\("Rated", to="float64"\)""",
    ):
        prep.Impute("Rated", strategy="mean").output(Schema.of(Field("Rated", "string")))
