"""Profiles: figures by column, and what is suspicious."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from instar.data.datasets.dataset import import_data
from instar.data.profile.findings import Finding
from instar.data.profile.forms import TextForms
from instar.data.profile.profile import Profile
from instar.data.profile.second_look import year_gaps
from instar.store import Store

Look = Callable[..., list[Finding]]
WORDS = ["Drama", "Crime, Drama", "Comedy", "Comedy, Crime"]


@pytest.fixture
def look(store: Store) -> Look:
    """The findings of a table of one column ``x`` (or of the columns given by name)."""

    def findings(values: Sequence[Any] | None = None, **columns: Sequence[Any]) -> list[Finding]:
        frame = pl.DataFrame({"x": values} if values is not None else columns)
        return list(import_data("table", frame, store=store, chunk_rows=7).profile().findings)

    return findings


def kinds(found: list[Finding]) -> list[str]:
    return [finding.kind for finding in found]


def test_a_column_of_numbers_has_its_figures(store: Store) -> None:
    frame = pl.DataFrame({"x": [4.0, 1.0, None, 3.0, 2.0, 2.0]})
    [column] = import_data("t", frame, units={"x": "minute"}, store=store, chunk_rows=2).profile().columns
    assert (column.rows, column.missing, column.distinct, column.distinct_exact) == (6, 1, 4, True)
    assert (column.low, column.high, column.unit) == (1.0, 4.0, "minute")
    assert column.mean == pytest.approx(2.4)
    assert column.deviation == pytest.approx(1.0198, abs=1e-4)
    assert column.quantiles["0.5"] == 2.0
    assert column.top[0] == ("2.0", 2)


def test_every_type_of_column_is_profiled(store: Store) -> None:
    frame = pl.DataFrame(
        {
            "yes": [True, False],
            "day": [dt.date(2024, 1, 2), None],
            "moment": [dt.datetime(2024, 1, 2), None],
            "list": [[1], [2]],
            "pair": [{"a": 1}, {"a": 2}],
            "bytes": [b"a", b"b"],
            "none": [None, None],
            "money": pl.Series(["1.5", "2.5"]).cast(pl.Decimal(4, 1)),
        }
    )
    profile = import_data("t", frame, store=store).profile()
    assert (profile["day"].low, profile["yes"].distinct, profile["list"].distinct) == ("2024-01-02", 2, None)
    assert "list[int64]" in str(profile)


def test_a_table_of_no_rows_has_a_profile_without_findings(store: Store) -> None:
    profile = import_data("t", pl.DataFrame({"x": [1]})[:0], store=store).profile()
    assert (profile.rows, profile.findings) == (0, ())
    assert "Nothing suspicious" in str(profile)


@pytest.mark.parametrize("values", [[None] * 9, ["", " "] * 5], ids=["nulls", "blanks"])
def test_a_wholly_empty_column_is_found(look: Look, values: list[str | None]) -> None:
    [finding] = look(pl.Series(values, dtype=pl.String))
    assert (finding.kind, finding.columns, finding.next_step) == ("empty", ("x",), "leave it out")


def test_infinite_values_are_counted_and_found(look: Look, store: Store) -> None:
    values = [float("inf"), 1.0, 2.0, None, float("-inf"), 3.0, 4.0, 5.0]
    [finding] = look(values)
    assert (finding.kind, finding.columns) == ("infinite values", ("x",))
    assert finding.text == "x is infinite in 2 of 8 rows; its figures leave them out"
    frame = pl.DataFrame({"x": values})
    column = import_data("t", frame, store=store).profile()["x"]
    assert (column.infinite, column.low, column.high, column.missing) == (2, 1.0, 5.0, 1)
    assert frame.with_columns(pl.when(pl.col("x").is_finite()).then(pl.col("x")))["x"].null_count() == 3


def test_a_mostly_missing_column_is_found(look: Look) -> None:
    [finding] = look([None] * 7 + [1.5, 2.5, 3.5])
    assert (finding.kind, finding.text) == ("mostly missing", "x is missing in 7 of 10 rows (70.0%)")
    assert look([None] * 4 + [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]) == []


def test_a_constant_column_is_found_and_nothing_else_is_said_of_it(look: Look) -> None:
    [finding] = look(["2026-10-18"] * 20)
    assert (finding.kind, finding.text[:19]) == ("constant", "x is '2026-10-18' w")


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (["1988-12-21", "1999-01-02"], 'prep.Cast("x", to="date", format="%Y-%m-%d")'),
        (["21/12/1988", "02/01/1999"], 'prep.Cast("x", to="date", format="%d/%m/%Y")'),
        (["12/21/1988", "01/02/1999"], 'prep.Cast("x", to="date", format="%m/%d/%Y")'),
        (["21 Dec 1988", "2 Jan 1999"], 'prep.Cast("x", to="date", format="%d %b %Y")'),
        (["1988-12-21 10:00:00", "1999-01-02 11:30:00"], 'prep.Cast("x", to="datetime", format="%Y-%m-%d %H:%M:%S")'),
    ],
)
def test_dates_as_text_are_found_with_their_format(look: Look, values: list[str], step: str) -> None:
    [finding] = look(values * 5)
    assert (finding.kind, finding.next_step) == ("date as text", step)


def test_a_date_that_reads_in_two_ways_says_so(look: Look) -> None:
    [finding] = look(["01/02/1999", "03/04/2001"] * 5)
    assert "so would %m/%d/%Y" in finding.text


def test_numbers_as_text_are_found(look: Look) -> None:
    [finding] = look(["1,234", "7", "2.5", "1e3"] * 5)
    assert (finding.kind, finding.text) == ("number as text", "x is text, but 20 of 20 values read as numbers")


def test_blanks_in_a_column_of_text_are_found(look: Look) -> None:
    [finding] = look(["a", "b", ""] * 5)
    assert (finding.kind, finding.columns) == ("blank values", ("x",))


@pytest.mark.parametrize("separator", [", ", ";", "|"])
def test_several_values_in_one_field_are_found(look: Look, separator: str) -> None:
    [finding] = look([word.replace(", ", separator) for word in WORDS] * 10)
    assert finding.kind == "several values"
    assert finding.next_step == f'prep.MultiHot("x", separator="{separator}")'


def test_prose_is_not_several_values(look: Look) -> None:
    clauses = [f"a clause of its own that says {number}, and another that says {number + 500}" for number in range(100)]
    assert look(clauses) == []


def test_repeated_values_in_a_nearly_unique_column_are_found_exactly(look: Look) -> None:
    ids = [f"tt{number:05}" for number in range(500)]
    assert look(ids) == []
    [finding] = look([*ids, "tt00007", "tt00009"])
    assert finding.kind == "repeated values"
    assert "500 different values in 502 rows; repeated: 'tt00007' (2 rows), 'tt00009' (2 rows)" in finding.text


def test_a_year_that_contradicts_a_date_is_found(look: Look) -> None:
    days = [dt.date(1990 + number % 30, 5, 6) for number in range(100)]
    years = [day.year for day in days]
    years[3], years[50] = 1950, 2030
    for dates in (days, [str(day) for day in days]):
        finding = next(each for each in look(Year=years, Released=dates) if each.kind == "contradiction")
        assert finding.columns == ("Year", "Released")
        assert "more than a year apart in 2 of 100 rows (2.0%), such as 1950 against 1993-05-06" in finding.text


def test_a_year_that_has_nothing_to_do_with_a_date_is_no_finding(look: Look) -> None:
    days = [dt.date(2020 + number % 3, 5, number % 28 + 1) for number in range(100)]
    assert "contradiction" not in kinds(look(Born=[1940 + number % 50 for number in range(100)], Visited=days))


def test_a_year_that_repeats_a_date_is_said_to_be_the_same_information(look: Look) -> None:
    days = [dt.date(1990 + number % 30, 5, 6) for number in range(100)]
    [finding] = look(Year=[day.year for day in days], Released=days)
    assert (finding.kind, finding.columns) == ("same information", ("Year", "Released"))


def test_nothing_is_found_in_a_plain_table(look: Look) -> None:
    assert look(year=[1999, 2000, 2001] * 5, title=["a", "b", "c"] * 5, score=[1.5, 2.5, None] * 5) == []


def test_a_profile_is_plain_values_and_a_page_for_a_terminal(store: Store) -> None:
    profile = import_data("films", pl.DataFrame({"Genre": WORDS * 5, "[x]": [1] * 20}), store=store).profile()
    assert msgspec.convert(profile.to_dict(), Profile) == profile
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(profile)
    for text in (str(profile), console.export_text()):
        for part in ("films@1: 20 rows", "Genre", "[x]", "several values", "prep.MultiHot"):
            assert part in text


def test_a_second_profile_reads_no_chunk(store: Store) -> None:
    version = import_data("films", pl.DataFrame({"x": [1, 2, 3, 1, 2]}), store=store)
    first = version.profile()
    for chunk in version.chunks:
        store.blobs.delete(chunk.file)
    assert version.profile() == first


values = st.lists(
    st.none() | st.sampled_from([*WORDS, "", "1988-12-21", "1,000", "x; y"]) | st.text("a, ;|1", max_size=5),
    max_size=12,
)


@given(values, st.integers(0, 12))
@settings(max_examples=50, deadline=None)
def test_forms_of_texts_add_exactly(texts: list[str | None], cut: int) -> None:
    frame = pl.DataFrame({"x": texts}, schema={"x": pl.String})
    whole = TextForms.of(frame, "x")
    assert TextForms.of(frame[:cut], "x") | TextForms.of(frame[cut:], "x") == whole
    assert TextForms.from_bytes(whole.to_bytes()) == whole


@given(st.lists(st.tuples(st.integers(1900, 2100), st.none() | st.dates()), max_size=12), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_gaps_between_years_and_dates_add_exactly(rows: list[tuple[int, dt.date | None]], size: int) -> None:
    frame = pl.DataFrame(
        {"y": [year for year, _ in rows], "d": [day for _, day in rows]}, schema={"y": pl.Int64, "d": pl.Date}
    )

    def pieces() -> Iterator[pl.DataFrame]:
        return frame.iter_slices(size)

    [parts] = year_gaps(pieces, ["y"], {"d": None})
    [whole] = year_gaps(lambda: iter([frame]), ["y"], {"d": None})
    assert parts == whole
    assert whole.contradictions == sum(day is not None and abs(year - day.year) > 1 for year, day in rows)
