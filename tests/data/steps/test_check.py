"""Rules of the domain over a table."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.base.schema import Field, Schema
from instar.data.rows.frames import schema_of
from instar.data.rows.rowwise import NotRowByRow
from instar.data.rules import Between, Determines, Holds, Matches, Monotone, OneOf, Present, Unique
from instar.data.rules.piece import RuleBroken
from instar.data.steps.check import Check
from instar.data.steps.step import take

FLOATS = st.none() | st.floats(width=32)
WHOLE = st.none() | st.integers(-5, 5)
WORDS = st.none() | st.sampled_from(["", " ", "a", "b", "aa", "é"])
Samples = dict[str, dict[str, list[Any]]]
LISTS = ("corrections", "violations")
NUMBERS: Cells = {"x": (pl.Float64(), FLOATS), "n": (pl.Int64(), WHOLE), "s": (pl.String(), WORDS)}
TOWNS: Cells = {"city": (pl.String(), WORDS), "state": (pl.String(), WORDS)}
STOPPED: Cells = {"x": (pl.Float64(), FLOATS), "s": (pl.String(), WORDS)}
REFERENCES: dict[str, Cells] = {"cities": TOWNS, "states": {"name": (pl.String(), WORDS)}}
ONE_ROW: Samples = {"table": {"x": [-3.0, None, 0.0, 2.0], "n": [1, -4, 0, 2], "s": ["a", "x", None, " "]}}
ACROSS: Samples = {"table": {"x": [1.0, 0.5, 0.5, None], "n": [1, 1, 2, 1], "s": ["a", "a", "a", "b"]}}
BY_REFERENCE: Samples = {
    "table": {"city": ["a", "b", None], "state": ["x", "y", "z"]},
    "cities": {"city": ["a", "b"], "state": ["y", "y"]},
    "states": {"name": ["y"]},
}
KEPT: Samples = {"table": {"x": [1.0, None], "s": ["a", None]}}


class TestRowRules(StepContract):
    step = Check(
        Between("x", -1, 2.5).correct(),
        Between("n", low=-2).correct(None),
        OneOf("s", ("a", "b", "")).correct("a"),
        Present("s"),
        Matches("s", "[a-b]+").report(),
        Holds(pl.col("n") <= pl.col("x"), name="n below x"),
        Holds(pl.col("x") != 0, name="x is not 0").correct(pl.col("n") * 2, column="x"),
        origin="films",
    )
    cells = NUMBERS
    samples = ONE_ROW
    changes = ("x", "n", "s")
    rowless = LISTS


class TestRulesAcrossRows(StepContract):
    step = Check(
        Unique("n").report(),
        Unique(("s", "x"), keep="none"),
        Determines("s", "n").correct(),
        Monotone("x", by="s").report(),
        Monotone("n", strict=True, falling=True).correct(None),
    )
    cells = NUMBERS
    samples = ACROSS
    changes = ("n",)
    rowless = LISTS


class TestReferences(StepContract):
    step = Check(Determines("city", "state", table="cities").correct(), OneOf("state", table="states", of="name"))
    cells = TOWNS
    other_cells = REFERENCES
    samples = BY_REFERENCE
    changes = ("state",)
    rowless = LISTS


class TestStopping(StepContract):
    step = Check(Present("x"), Matches("s", "a.*").stop(), Between("x", 0).stop(), on_violation="report")
    cells = STOPPED
    samples = KEPT
    rowless = LISTS


FILMS = pl.DataFrame(
    {
        "ID": [1, 2, 3, 3],
        "Year": [1999, 2001, 2001, 2002],
        "Released": [date(1999, 5, 1), date(2000, 1, 1), None, date(2002, 2, 2)],
        "Runtime": [90.0, 9000.0, float("nan"), 0.5],
    }
)


def test_every_broken_row_is_in_one_list_and_no_row_is_lost() -> None:
    told: dict[str, object] = {}
    step = Check(
        Between("Runtime", 1, 600).correct(),
        Holds(pl.col("Year") == pl.col("Released").dt.year(), name="the year of the release"),
        Unique("ID").report(),
        origin="films@1",
    )
    made = take(step, FILMS[:2], FILMS[2:], told=told)
    assert made["out"]["Runtime"].to_list()[0] == 90
    assert made["out"]["Runtime"].to_list()[2] == 1
    assert made["quarantine"].select("ID", "rule", "reason", "origin", "row").rows() == [
        (
            2,
            "the year of the release",
            "the year of the release does not hold: Year is 2001, Released is 2000-01-01",
            "films@1",
            1,
        )
    ]
    assert made["quarantine"]["Runtime"].to_list() == [9000.0], "a row set apart is as it came"
    assert made["corrections"].rows() == [(3, "Runtime", "0.5", "1.0", "Runtime between 1 and 600", "films@1")]
    assert made["violations"].drop("reason", "origin").rows() == [
        (1, "Runtime between 1 and 600", "quarantined"),
        (1, "the year of the release", "quarantined"),
        (3, "Runtime between 1 and 600", "corrected"),
        (3, "ID is unique", "reported"),
    ]
    assert told == {
        "checked": 4,
        "quarantined": 1,
        "broken": {
            "Runtime between 1 and 600": {"rows": 2, "quarantined": 1, "corrected": 1},
            "the year of the release": {"rows": 1, "quarantined": 1},
            "ID is unique": {"rows": 1, "reported": 1},
        },
    }


def test_bounds_in_another_unit_are_converted() -> None:
    schema = Schema.of(Field("Runtime", "float64", "minute"))
    step = Check(Between("Runtime", "30 s", "10 hour").correct())
    with pytest.raises(BadInput, match="'30 s' has a unit and the column has none"):
        take(step, pl.DataFrame({"Runtime": [1.0]}))
    made = take(step.bound(schema), pl.DataFrame({"Runtime": [0.25, 600.0, 601.0]}))
    assert made["out"]["Runtime"].to_list() == [0.5, 600.0, 600.0]
    assert made["violations"]["reason"][1] == "Runtime is 601.0, it must be between 30 s and 10 hour"


@pytest.mark.parametrize(
    ("low", "high", "why"),
    [
        (2, 1, "the lower bound is above the upper one"),
        ("2 hour", "90 minute", "the lower bound is above the upper one"),
        (date(2001, 1, 1), "2000-01-01", "the lower bound is above the upper one"),
        ("2 hour", "3 kg", "cannot be converted"),
        (date(2001, 1, 1), 3, "one bound is a time and the other a number"),
        (date(2001, 1, 1), "3 hour", "one bound is a time and the other an amount"),
        (None, None, "no bound is given"),
        (float("nan"), 1, "nan is no bound"),
        ("long", None, "is no amount with a unit"),
        ("3 parsnip", None, "the unit 'parsnip' is unknown"),
    ],
)
def test_contradictory_bounds_are_refused(low: object, high: object, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        Check(Between("Runtime", low, high)).output(  # type: ignore[arg-type]
            Schema.of(Field("Runtime", "float64", "minute"))
        )


def test_bounds_must_fit_the_column() -> None:
    films = Schema.of(Field("Runtime", "int64", "minute"), Field("Title", "string"), Field("Released", "date"))
    with pytest.raises(BadInput, match="'kg' cannot be converted to 'minute'"):
        Check(Between("Runtime", "5 kg")).output(films)
    with pytest.raises(BadInput, match="no value of minute is between 3 and 1"):
        Check(Between("Runtime", 3, "1 minute")).output(films)
    with pytest.raises(WrongType, match="column 'Title' is string, a column of numbers or times is needed"):
        Check(Between("Title", 1)).output(films)
    with pytest.raises(BadInput, match="5 is no time"):
        Check(Between("Released", 5)).output(films)
    with pytest.raises(BadInput, match="is a time; give a number"):
        Check(Between("Runtime", date(2000, 1, 1))).output(films)
    with pytest.raises(BadInput, match="the column has none"):
        Check(Between("x", "5 minute")).output(Schema.of(Field("x", "float64")))


@pytest.mark.parametrize(("low", "high", "wanted"), [("90 second", None, [2, 2, 3]), (None, "90 second", [1, 1, 1])])
def test_whole_numbers_are_corrected_to_a_whole_number_between_the_bounds(
    low: Any, high: Any, wanted: list[int]
) -> None:
    schema = Schema.of(Field("r", "int64", unit="minute"))
    step = Check(Between("r", low, high).correct()).bound(schema)
    assert take(step, pl.DataFrame({"r": [1, 2, 3]}))["out"]["r"].to_list() == wanted
    with pytest.raises(BadInput, match="no value of minute is between"):
        Between("r", "70 second", "80 second").bound(schema)


def test_a_bound_that_the_column_cannot_hold_sets_the_row_apart() -> None:
    made = take(Check(Between("r", 1.5).correct()), pl.DataFrame({"r": [1, 2]}))
    assert (made["out"]["r"].to_list(), made["quarantine"]["r"].to_list()) == ([2], [1])


def test_dates_have_bounds_too() -> None:
    step = Check(Between("Released", date(2000, 1, 1)).correct())
    made = take(step.bound(schema_of(FILMS)), FILMS)
    assert made["out"]["Released"].to_list() == [date(2000, 1, 1), date(2000, 1, 1), None, date(2002, 2, 2)]


def test_a_date_may_be_the_correction() -> None:
    step = Check(Present("Released").correct(date(1900, 1, 1)))
    assert take(step, FILMS)["out"]["Released"].to_list()[2] == date(1900, 1, 1)
    with pytest.raises(BadInput, match="the correction is no date"):
        Check(Present("Released").correct("soon")).output(schema_of(FILMS))


def test_the_majority_corrects_and_a_tie_is_set_apart() -> None:
    towns = pl.DataFrame({"city": ["a", "a", "a", "b", "b", None], "state": ["x", "x", "y", "x", "y", "z"]})
    made = take(Check(Determines("city", "state").correct()), towns)
    assert made["out"].rows() == [("a", "x"), ("a", "x"), ("a", "x"), (None, "z")]
    assert made["corrections"].select("row", "before", "after").rows() == [(2, "y", "x")]
    assert made["quarantine"]["reason"].to_list() == [
        "city 'b' has several values of state, none the commonest, here 'x'; no value is known to be right",
        "city 'b' has several values of state, none the commonest, here 'y'; no value is known to be right",
    ]


def test_a_reference_that_contradicts_itself_is_refused() -> None:
    towns = pl.DataFrame({"city": ["a"], "state": ["x"]})
    cities = pl.DataFrame({"city": ["a", "a"], "state": ["x", "y"]})
    with pytest.raises(BadInput, match="the reference gives city 'a' several values of state"):
        take(Check(Determines("city", "state", table="cities")), towns, cities=[cities])


def test_a_correction_that_breaks_the_rule_itself_sets_the_row_apart() -> None:
    made = take(Check(Between("n", 1, 5).correct(pl.col("n") - 1)), pl.DataFrame({"n": [9, 6]}))
    assert made["out"]["n"].to_list() == [5]
    assert made["quarantine"]["reason"].to_list() == [
        "n is 9, it must be between 1 and 5; its correction 8 breaks the rule too"
    ]


def test_the_first_row_that_breaks_a_strict_rule_is_named() -> None:
    with pytest.raises(RuleBroken, match=r"row 1 of films breaks the rule 'n between 1 and 5': n is 9"):
        take(
            Check(Between("n", 1, 5), on_violation="stop", origin="films"),
            pl.DataFrame({"n": [1]}),
            pl.DataFrame({"n": [9]}),
        )


def test_the_added_columns_never_hide_those_of_the_table() -> None:
    made = take(Check(Present("row")), pl.DataFrame({"row": [None, "x"], "rule": ["y", "z"]}))
    assert made["quarantine"].columns == ["row", "rule", "quarantine.rule", "reason", "origin", "quarantine.row"]


def test_what_a_rule_across_rows_needs_is_said() -> None:
    assert Check(Unique("a")).across_rows
    assert Check(Determines("a", "b")).across_rows
    assert not Check(Determines("a", "b", table="t"), Between("a", 1)).across_rows
    assert Check(Determines("a", "b", table="t"), OneOf("c", table="u")).others == ("t", "u")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Check(), "no rule is given"),
        (lambda: Check("Year"), "'Year' is no rule"),  # type: ignore[arg-type]
        (lambda: Check(Present("a"), on_violation="drop"), "on_violation='drop' is unknown"),
        (lambda: Check(Present("a"), Present("a")), "two rules are called 'a is present'"),
        (lambda: Check(Present("a"), on_violation="correct"), "does not know the right value"),
        (lambda: Present("a").correct(None), "would still be broken"),
        (lambda: OneOf("a"), "give the allowed values"),
        (lambda: OneOf("a", "xy"), "give several values"),
        (lambda: OneOf("a", (1, None)), "a missing value keeps every rule"),
        (lambda: Matches("a", "(x"), "is no regular expression"),
        (lambda: Holds(pl.lit(True)), "names no column"),
        (lambda: Holds(pl.col("a").map_elements(bool, return_dtype=pl.Boolean)), "calls a Python function"),
        (lambda: Holds(pl.col("a") > 1).correct(None), "say which column is corrected"),
        (lambda: Unique(()), "no column is named"),
        (lambda: Unique("a", keep="last"), "keep='last' is unknown"),
        (lambda: Determines("a", "a"), "determined by itself"),
    ],
)
def test_a_wrong_rule_is_refused_where_it_is_written(make: object, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        make()  # type: ignore[operator]


def test_a_relation_looks_at_one_row() -> None:
    with pytest.raises(NotRowByRow):
        Holds(pl.col("a") > pl.col("a").mean())


def test_a_rule_that_does_not_fit_the_table_is_refused_before_any_row_is_read() -> None:
    schema = Schema.of(Field("a", "int64"), Field("s", "string"), Field("l", "list[string]"))
    with pytest.raises(BadInput, match="column 'a' is int64, and its values are not"):
        Check(OneOf("a", ("x",))).output(schema)
    with pytest.raises(BadInput, match="it gives Int64, not true or false"):
        Check(Holds(pl.col("a") + 1)).output(schema)
    with pytest.raises(BadInput, match="the correction is no int64 for column 'a'"):
        Check(Between("a", 1).correct("many")).output(schema)
    with pytest.raises(ColumnMissing, match="no column 'b'"):
        Check(Holds(pl.col("a") > 1).correct(None, column="b")).output(schema)
    with pytest.raises(WrongType, match="column 'l'"):
        Check(Unique("l")).output(schema)
    with pytest.raises(WrongType, match="column 's' is int64, string is needed"):
        Check(OneOf("s", table="t")).output(schema, t=Schema.of(Field("s", "int64")))


def test_a_table_in_memory_is_looked_at_before_its_rows_too() -> None:
    table = pl.DataFrame({"x": [1.0], "s": ["a"]})
    with pytest.raises(ColumnMissing, match="no column 'y'"):
        take(Check(Unique("y")), table)
    with pytest.raises(WrongType, match="column 's' is string"):
        take(Check(Between("s", 1, 5)), table)


def test_a_relation_in_text_is_told_to_be_an_expression() -> None:
    with pytest.raises(BadInput, match="'x > 1' is no expression of Polars; write it in Python"):
        Holds("x > 1")
