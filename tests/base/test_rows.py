"""Digests of rows: stable, whatever the order of the columns, the chunk or the type that holds a number."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.base.errors import BadInput, ColumnMissing
from instar.base.rows import row_digests

KNOWN = pl.DataFrame(
    {
        "id": ["tt0001", "tt0002", None],
        "year": [1999, None, -5],
        "score": [0.5, -0.0, None],
        "day": [dt.date(2024, 1, 2)] * 3,
    }
)


def digests(values: Any, dtype: pl.DataType | None = None) -> list[int]:
    return [int(word) for word in row_digests(pl.DataFrame({"x": pl.Series(values, dtype=dtype)}), ["x"])]


def test_the_digests_are_those_that_earlier_versions_gave() -> None:
    """Splits hang on them: another digest would move rows from one side to the other."""
    assert row_digests(KNOWN, ["id", "year"], seed=7).tolist() == [
        8088293340586593136,
        2365400709999723690,
        15891925229354273825,
    ]
    assert row_digests(KNOWN, KNOWN.columns).tolist() == [950752126095892343, 12299380413847153950, 5398992303937388076]


def test_a_null_differs_from_every_value() -> None:
    assert len(set(digests([None, 0, 1]))) == 3
    assert len(set(digests([None, "", "null"]))) == 3
    assert len(set(digests([None, [], [None]], pl.List(pl.Int64())))) == 3


def test_equal_numbers_are_equal_whatever_their_type() -> None:
    assert digests([5, 0], pl.Int8()) == digests([5, 0], pl.UInt64()) == digests([5.0, -0.0], pl.Float64())
    assert digests([0.5], pl.Float32()) == digests([0.5], pl.Float64())


def test_the_greatest_unsigned_number_is_not_minus_one() -> None:
    assert digests([2**64 - 1], pl.UInt64()) != digests([-1], pl.Int64())


def test_the_least_float_is_not_the_integer_with_its_bits() -> None:
    assert digests([5e-324]) != digests([1])


def test_every_nan_is_the_same() -> None:
    other = np.array([0x7FF8_0000_0000_0001], dtype=np.uint64).view(np.float64)[0]
    assert digests([float("nan")]) == digests([other])


def test_the_name_of_a_column_counts() -> None:
    swapped = pl.DataFrame({"a": [1], "b": [2]}), pl.DataFrame({"a": [2], "b": [1]})
    assert row_digests(swapped[0], ["a", "b"])[0] != row_digests(swapped[1], ["a", "b"])[0]


def test_two_equal_columns_do_not_cancel() -> None:
    rows = pl.DataFrame({"a": [1, 2], "b": [1, 2]})
    assert len(set(row_digests(rows, ["a", "b"]).tolist())) == 2


def test_the_seed_changes_every_digest() -> None:
    rows = pl.DataFrame({"a": range(100)})
    assert not (row_digests(rows, ["a"], seed=1) == row_digests(rows, ["a"], seed=2)).any()


def test_naming_a_column_twice_changes_nothing() -> None:
    assert (row_digests(KNOWN, ["id", "id"]) == row_digests(KNOWN, ["id"])).all()


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'year'"):
        row_digests(KNOWN, ["yer"])


def test_no_column_at_all_is_refused() -> None:
    with pytest.raises(BadInput, match="no column is named"):
        row_digests(KNOWN, [])


@pytest.mark.parametrize("name", ["numbers in order", "texts"])
def test_a_share_of_the_digests_is_a_share_of_the_rows(name: str) -> None:
    """20,000 rows, each on one of ten sides by its digest: every side within five standard deviations of 2,000."""
    values = range(20_000) if name == "numbers in order" else [f"film {number}" for number in range(20_000)]
    sides = row_digests(pl.DataFrame({"x": values}), ["x"], seed=3) // np.uint64(2**64 // 10 + 1)
    assert (np.abs(np.bincount(sides.astype(int), minlength=10) - 2000) < 5 * 43).all()


def test_a_hundred_thousand_rows_have_as_many_digests() -> None:
    rows = pl.DataFrame({"a": range(100_000), "b": [number % 7 for number in range(100_000)]})
    assert np.unique(row_digests(rows, ["a", "b"])).size == 100_000


cells = st.fixed_dictionaries(
    {
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "real": st.none() | st.floats(),
        "text": st.none() | st.text(max_size=4),
        "list": st.none() | st.lists(st.none() | st.integers(0, 3), max_size=3),
        "pair": st.none() | st.fixed_dictionaries({"a": st.none() | st.integers(0, 3)}),
    }
)
SCHEMA = {
    "whole": pl.Int64(),
    "real": pl.Float64(),
    "text": pl.String(),
    "list": pl.List(pl.Int64()),
    "pair": pl.Struct({"a": pl.Int64()}),
}


@given(st.lists(cells, max_size=8), st.integers(0, 8), st.permutations(list(SCHEMA)))
@settings(max_examples=60, deadline=None)
def test_neither_chunks_nor_the_order_of_columns_show(rows: list[dict[str, Any]], cut: int, order: list[str]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    whole = row_digests(frame, list(SCHEMA))
    parts = [row_digests(part.select(order), order) for part in (frame[:cut], frame[cut:])]
    assert (np.concatenate(parts) == whole).all()


@given(st.lists(cells, min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_rows_are_equal_exactly_when_their_digests_are(rows: list[dict[str, Any]]) -> None:
    plain = [
        str([row["whole"], None if row["real"] is None else row["real"] + 0.0, row["text"], row["list"], row["pair"]])
        for row in rows
    ]
    found = row_digests(pl.DataFrame(rows, schema=SCHEMA), list(SCHEMA)).tolist()
    assert [left == found[0] for left in found] == [left == plain[0] for left in plain]
