"""What Cast, Above, Column and the table of operators do beyond the laws."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import pytest

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, NotFound, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators import OPERATORS, operator_from
from instar.data.preparing.fitting import fit


def cast(values: list[object], **options: object) -> list[object]:
    frame = pl.DataFrame({"x": values})
    return fit([prep.Cast("x", **options)], [frame]).apply(frame).frame["x"].to_list()  # type: ignore[arg-type]


def test_text_is_read_as_dates_and_written_back() -> None:
    assert cast(["12 Mar 1998"], to="date", format="%d %b %Y") == [date(1998, 3, 12)]
    assert cast(["2001-02-03 04:05"], to="datetime", format="%Y-%m-%d %H:%M") == [datetime(2001, 2, 3, 4, 5)]
    assert cast([date(1998, 3, 12)], to="string", format="%Y/%m") == ["1998/03"]
    assert cast([date(1970, 1, 3)], to="int64") == [2]


def test_a_value_that_cannot_be_read_is_refused_or_missing() -> None:
    assert cast(["1.5", "N/A"], to="float64", strict=False) == [1.5, None]
    with pytest.raises(BadInput, match=r"cannot be converted: .*N/A"):
        cast(["1.5", "N/A"], to="float64")


def test_a_format_is_for_dates_and_times() -> None:
    with pytest.raises(BadInput, match="leave it out"):
        prep.Cast("x", to="float64", format="%Y")
    with pytest.raises(BadInput, match="does not apply to column 'x'"):
        prep.Cast("x", to="date", format="%Y").output(Schema.of(Field("x", "int64")))
    with pytest.raises(BadInput, match="unknown column type 'double'"):
        prep.Cast("x", to="double")


def test_types_that_are_not_read_as_one_another_are_refused_where_it_is_defined() -> None:
    with pytest.raises(WrongType, match="Cast: column 'x' is string, a type that can be read as bool is needed"):
        prep.Cast("x", to="bool").output(Schema.of(Field("x", "string")))
    with pytest.raises(WrongType, match='say how it is written, such as format="%Y-%m-%d"'):
        prep.Cast("x", to="date").output(Schema.of(Field("x", "string")))
    with pytest.raises(WrongType, match=r"""Cast\("x", to="string"\) first"""):
        prep.Cast("x", to="int64").output(Schema.of(Field("x", "binary")))


def test_above_a_given_value_learns_nothing() -> None:
    films = pl.DataFrame({"Meter": [59, 60, 61, None]})
    assert fit([prep.Above("Meter", value=60)], [films]).apply(films).frame["Meter"].to_list() == [
        False,
        False,
        True,
        None,
    ]


def test_nothing_is_above_a_threshold_that_was_never_seen() -> None:
    empty = pl.DataFrame({"Meter": [None]}, schema={"Meter": pl.Float64})
    preparation = fit([prep.Above("Meter", quantile=0.5)], [empty])
    assert preparation.apply(pl.DataFrame({"Meter": [1e9]})).frame["Meter"].to_list() == [False]
    assert "never above" in preparation.explain()


def test_half_of_the_rows_are_above_the_median() -> None:
    films = pl.DataFrame({"Meter": range(100_000)})
    out = fit([prep.Above("Meter", quantile=0.5)], list(films.iter_slices(9_999))).apply(films).frame["Meter"]
    assert abs((out.mean() or 0) - 0.5) <= 1 / 1024  # type: ignore[operator]


def test_above_needs_one_threshold() -> None:
    for options in ({}, {"quantile": 0.5, "value": 3.0}):
        with pytest.raises(BadInput, match="give a quantile"):
            prep.Above("x", **options)
    with pytest.raises(BadInput, match="not between 0 and 1"):
        prep.Above("x", quantile=50)


def test_a_column_is_named_once_and_by_text() -> None:
    with pytest.raises(BadInput, match="no column is named"):
        prep.Standardize()
    with pytest.raises(BadInput, match="named twice"):
        prep.Standardize("a", "a")
    with pytest.raises(BadInput, match="named by text, not by 3"):
        prep.Standardize(3)  # type: ignore[arg-type]


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(ColumnMissing, match="Standardize: the input has no column 'Yaer'; did you mean 'Year'"):
        prep.Standardize("Yaer").output(Schema.of(Field("Year", "int64")))


def test_an_operator_that_nobody_has_here_is_named() -> None:
    with pytest.raises(NotFound, match="no operator 'standardise'; did you mean 'standardize'"):
        operator_from({"operator": "standardise", "version": 1, "columns": ["x"]})
    with pytest.raises(BadInput, match="has version 9, here is version 1"):
        operator_from({"operator": "standardize", "version": 9, "columns": ["x"]})


def test_prep_names_every_operator() -> None:
    operators = {name for name in prep.__all__ if isinstance(getattr(prep, name), type)}
    assert {cls.__name__ for cls in map(OPERATORS.__getitem__, OPERATORS)} == operators


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_option_that_is_no_finite_number_is_refused_where_it_is_written(value: float) -> None:
    options: list[Callable[[], object]] = [
        lambda: prep.Above("x", value=value),
        lambda: prep.Above("x", quantile=value),
        lambda: prep.Impute("x", strategy="constant", value=value),
        lambda: prep.Discretize("x", bins=value),  # type: ignore[arg-type]
    ]
    for make in options:
        with pytest.raises(BadInput, match=r"finite|between"):
            make()


def test_a_time_zone_that_nobody_knows_is_refused_where_it_is_written() -> None:
    with pytest.raises(BadInput, match="Cast: no time zone 'Mars'"):
        prep.Cast("at", to="datetime[Mars]", format="%Y-%m-%dT%H:%M%z")
