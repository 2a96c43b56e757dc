"""Dates and times as numbers."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators.parse.date_parts import CYCLIC, PARTS
from instar.data.preparing.fitting import fit

DAY = datetime(2024, 2, 29, 13, 5, 59)


class TestDateParts(OperatorContract):
    operator = prep.DateParts("Seen", "Left", parts=PARTS, cyclic=CYCLIC)
    cells: ClassVar[Cells] = {
        "Seen": (pl.Datetime("us"), st.datetimes(datetime(1600, 1, 1), datetime(2300, 1, 1))),
        "Left": (pl.Datetime("us"), st.datetimes(datetime(1999, 12, 30), datetime(2000, 1, 3))),
    }
    sample: ClassVar[dict[str, list[Any]]] = {
        "Seen": [DAY, None, DAY, datetime(1970, 1, 1), DAY, datetime(2023, 12, 31)],
        "Left": [None, DAY, DAY, datetime(1970, 1, 1), DAY, datetime(2023, 12, 31)],
    }
    unseen: ClassVar[dict[str, Any]] = {"Seen": datetime(1, 1, 1), "Left": datetime(9999, 12, 31)}

    def test_another_process_learns_the_same_bytes(self) -> None:
        """Nothing is learned; a time has no place in the JSON by which the contract sends its rows."""


class TestDatePartsOfText(OperatorContract):
    operator = prep.DateParts("Released", parts=["year"], cyclic=["month"], format="%d %b %Y", strict=False)
    cells: ClassVar[Cells] = {"Released": (pl.String(), st.sampled_from(["12 Mar 1998", "N/A", ""]))}
    sample: ClassVar[dict[str, list[Any]]] = {"Released": ["12 Mar 1998", None, "N/A", "1 Jan 2001", "", "?"]}
    unseen: ClassVar[dict[str, Any]] = {"Released": "31 Feb 2000"}


def parts(column: pl.Series, *asked: str, **options: Any) -> list[Any]:
    rows = column.alias("x").to_frame()
    found = fit([prep.DateParts("x", parts=asked, **options)], [rows]).apply(rows).frame
    return [found[f"x_{part}"].item() for part in asked]


def test_each_part_is_what_the_calendar_says() -> None:
    expected = [2024, 1, 2, 9, 29, 4, 60, 13, 5, 59, False]
    assert parts(pl.Series([DAY]), *PARTS) == expected
    assert parts(pl.Series([date(2021, 1, 3)]), "week", "is_weekend", "weekday") == [53, True, 7]


def test_the_column_itself_is_gone_and_missing_stays_missing() -> None:
    rows = pl.DataFrame({"x": pl.Series([None], dtype=pl.Date), "y": [1]})
    found = fit([prep.DateParts("x", parts=["year"], cyclic=["month"])], [rows]).apply(rows).frame
    assert found.to_dicts() == [{"y": 1, "x_year": None, "x_month_sin": None, "x_month_cos": None}]


def test_a_part_that_goes_round_has_no_jump() -> None:
    rows = pl.DataFrame({"x": [date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2024, 7, 1)]})
    found = fit([prep.DateParts("x", parts=[], cyclic=["dayofyear", "month"])], [rows]).apply(rows).frame
    points = found.select("x_dayofyear_sin", "x_dayofyear_cos").rows()
    assert math.dist(points[0], points[1]) == pytest.approx(2 * math.sin(math.pi / 365))
    assert math.dist(points[2], points[1]) == pytest.approx(2 * math.sin(math.pi / 366))
    assert found["x_month_cos"].to_list() == pytest.approx(
        [math.cos(11 * math.pi / 6), 1, math.cos(11 * math.pi / 6), -1]
    )


def test_text_with_offsets_is_read_in_the_local_time_of_one_zone() -> None:
    texts = pl.Series(["2024-06-30 23:30 -0300"])
    assert parts(texts, "day", "hour", format="%Y-%m-%d %H:%M %z", zone="UTC") == [1, 2]
    assert parts(texts, "day", "hour", format="%Y-%m-%d %H:%M %z", zone="America/Sao_Paulo") == [30, 23]


def test_a_time_with_a_zone_is_read_in_its_own_or_in_the_one_said() -> None:
    noon = pl.Series([datetime(2024, 1, 1, 12, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo")
    assert parts(noon, "hour") == [21]
    assert parts(noon, "hour", zone="UTC") == [12]


def test_mixed_time_zones_without_a_word_about_them_are_refused() -> None:
    with pytest.raises(BadInput, match=r"mixed time zones\); say in whose local time .* such as zone=\"UTC\""):
        prep.DateParts("x", format="%Y-%m-%dT%H:%M%z")
    with pytest.raises(BadInput, match=r"mixed time zones\); say the zone, such as to=\"datetime\[UTC\]\""):
        prep.Cast("x", to="datetime", format="%Y-%m-%dT%H:%M%z")


def test_cast_reads_text_with_offsets_as_instants_of_one_zone() -> None:
    rows = pl.DataFrame({"x": ["2024-01-01T10:00+0200", "2024-01-01T10:00-0300"]})
    cast = prep.Cast("x", to="datetime[UTC]", format="%Y-%m-%dT%H:%M%z")
    assert [time.hour for time in fit([cast], [rows]).apply(rows).frame["x"]] == [8, 13]
    with pytest.raises(BadInput, match="has no offset"):
        prep.Cast("x", to="datetime[UTC]", format="%Y-%m-%d")


def test_text_that_does_not_read_so_is_refused_and_shown_or_becomes_missing() -> None:
    texts = pl.Series(["N/A"])
    with pytest.raises(BadInput, match=r"column 'x' .*N/A"):
        parts(texts, "year", format="%Y-%m-%d")
    assert parts(texts, "year", format="%Y-%m-%d", strict=False) == [None]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": ["decade"]}, "parts has no 'decade'; there is: year"),
        ({"cyclic": ["year"]}, "cyclic has no 'year'"),
        ({"parts": []}, "no part is asked for"),
        ({"parts": "year"}, "give a list"),
        ({"parts": ["year", "year"]}, "names a part twice"),
        ({"zone": "Mars"}, "no time zone 'Mars'"),
        ({"format": "%Y-%m-%d", "zone": "UTC"}, "has no offset"),
    ],
)
def test_a_wrong_definition_is_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        prep.DateParts("x", **options)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("string", {}, "say how it is written"),
        ("date", {"format": "%Y"}, "format=… is for text"),
        ("datetime", {"zone": "UTC"}, "no time zone to convert"),
        ("date", {"parts": ["hour"]}, "is a date and has no hour"),
        ("int64", {}, "Cast it first"),
    ],
)
def test_a_column_that_does_not_fit_is_refused_before_any_row_is_read(
    kind: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((BadInput, WrongType), match=message):
        prep.DateParts("x", **options).output(Schema.of(Field("x", kind)))


def test_a_new_column_does_not_replace_one_of_the_table() -> None:
    with pytest.raises(BadInput, match="has a column 'x_year' already"):
        prep.DateParts("x", parts=["year"]).output(Schema.of(Field("x", "date"), Field("x_year", "int64")))
