"""Columns as a schema wants them."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from instar.base.errors import WrongType
from instar.data.rows.conform import conform


def into(values: pl.Series, dtype: pl.DataType) -> list[object]:
    return conform(pl.DataFrame({"x": values}), {"x": dtype}, "test")["x"].to_list()


def test_what_loses_nothing_is_done_silently() -> None:
    assert into(pl.Series([1.0, None, float("nan")]), pl.Int64()) == [1, None, None]
    assert into(pl.Series([1], dtype=pl.Int64), pl.Int8()) == [1]
    assert into(pl.Series([1]), pl.Float64()) == [1.0]
    assert into(pl.Series(["a"], dtype=pl.Categorical), pl.String()) == ["a"]
    assert into(pl.Series([None]), pl.String()) == [None]
    assert into(pl.Series([[]]), pl.List(pl.String())) == [[]]
    time = datetime(2001, 2, 3)
    assert into(pl.Series([time], dtype=pl.Datetime("ns")), pl.Datetime("us")) == [time]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pl.Series([1.5]), pl.Int64()),
        (pl.Series([300]), pl.Int8()),
        (pl.Series([1e30]), pl.Int64()),
        (pl.Series(["1"]), pl.Int64()),
        (pl.Series([1]), pl.String()),
        (pl.Series([True]), pl.Int64()),
    ],
)
def test_anything_else_is_refused_by_name(values: pl.Series, dtype: pl.DataType) -> None:
    with pytest.raises(WrongType, match=r"test: column 'x' is .* is needed; give values of type"):
        into(values, dtype)


def test_columns_come_in_the_wanted_order_and_no_others() -> None:
    frame = pl.DataFrame({"c": [1], "a": [2], "b": [3]})
    assert conform(frame, {"a": pl.Int64(), "c": pl.Int64()}, "test").columns == ["a", "c"]
