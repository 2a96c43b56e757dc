"""One table, one digest: whatever library held it, and however it was packed."""

from __future__ import annotations

import datetime as dt
import string
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.base.errors import BadInput
from instar.base.logical import logical_digest
from instar.data.rows.frames import to_polars

NOON = dt.datetime(2024, 5, 6, 12, 0, 0, 250)
ROWS = pl.DataFrame(
    {
        "whole": [1, -2, None],
        "real": [1.5, None, -0.25],
        "text": ["a", None, "é ñ"],
        "yes": [True, False, None],
        "time": [NOON, None, dt.datetime(1960, 1, 1)],
        "moment": pl.Series([NOON, None, NOON], dtype=pl.Datetime("us", "UTC")),
    }
)

# The digest is part of the format of a store: a change here makes every stored manifest a stranger.
KNOWN = "3add409bf0faaf2df9f5aa81320ed648116b391c483bf160314d4257329559eb"


def from_pandas() -> Any:
    frame = pd.DataFrame({"whole": pd.array([1, -2, None], dtype="Int64"), "real": [1.5, np.nan, -0.25]})
    frame["text"] = ["a", None, "é ñ"]
    frame["yes"] = pd.array([True, False, None], dtype="boolean")
    frame["time"] = pd.to_datetime([NOON, None, dt.datetime(1960, 1, 1)])
    frame["moment"] = pd.to_datetime([NOON, None, NOON]).tz_localize("UTC")
    return frame


def from_pandas_packed() -> Any:
    frame = from_pandas()
    frame["text"] = frame["text"].astype("category")
    frame["time"] = frame["time"].astype("datetime64[ns]")
    return frame


def from_arrow() -> Any:
    return ROWS.to_arrow()


def from_arrow_packed() -> Any:
    """Dictionary-encoded, large strings, nanoseconds, in two pieces, one of them with an offset."""
    table = ROWS.to_arrow()
    text = pa.array(["x", "a", None, "é ñ"], pa.large_string()).dictionary_encode()[1:]
    table = table.set_column(2, "text", text)
    table = table.set_column(4, "time", table["time"].cast(pa.timestamp("ns")))
    return pa.concat_tables([table.slice(0, 1), table.slice(1)])


def from_duckdb() -> Any:
    values = (
        "(1::BIGINT, 1.5::DOUBLE, 'a', true, TIMESTAMP '2024-05-06 12:00:00.00025',"
        " TIMESTAMPTZ '2024-05-06 12:00:00.00025Z'),"
        "(-2, NULL, NULL, false, NULL, NULL),"
        "(NULL, -0.25, 'é ñ', NULL, TIMESTAMP '1960-01-01', TIMESTAMPTZ '2024-05-06 12:00:00.00025Z')"
    )
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.sql(f"SELECT * FROM (VALUES {values}) AS rows(whole, real, text, yes, time, moment)")


def from_lazy() -> Any:
    return ROWS.lazy()


@pytest.mark.parametrize(
    "make",
    [from_pandas, from_pandas_packed, from_arrow, from_arrow_packed, from_duckdb, from_lazy],
    ids=lambda f: f.__name__,
)
def test_the_same_rows_have_the_same_digest_from_every_library(make: Callable[[], Any]) -> None:
    assert logical_digest(to_polars(make())) == logical_digest(ROWS)


def test_the_digest_is_the_one_that_earlier_versions_gave() -> None:
    assert logical_digest(ROWS) == KNOWN


def test_zero_has_one_sign_and_nan_one_payload() -> None:
    other_nan = np.array([0x7FF8_0000_0000_0001], dtype=np.uint64).view(np.float64)[0]
    assert logical_digest(pl.DataFrame({"x": [0.0, float("nan")]})) == logical_digest(
        pl.DataFrame({"x": [-0.0, other_nan]})
    )


def test_what_lies_in_a_null_slot_does_not_show() -> None:
    masked = pl.DataFrame({"x": [7, 8], "keep": [True, False]}).select(pl.when("keep").then("x"))
    assert logical_digest(masked) == logical_digest(pl.DataFrame({"x": [7, None]}))


def test_a_slice_has_the_digest_of_its_rows() -> None:
    assert logical_digest(ROWS[1:]) == logical_digest(
        pl.DataFrame(ROWS[1:].to_dict(as_series=False), schema=ROWS.schema)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"x": [1, 2]}, {"x": [2, 1]}),
        ({"x": [1]}, {"y": [1]}),
        ({"x": [1]}, {"x": [1.0]}),
        ({"x": [None, "a"]}, {"x": ["", "a"]}),
        ({"x": ["ab", "c"]}, {"x": ["a", "bc"]}),
        ({"x": [[1], [2, 3]]}, {"x": [[1, 2], [3]]}),
        ({"x": [[], None]}, {"x": [None, []]}),
        ({"x": [{"a": 1}]}, {"x": [{"b": 1}]}),
        ({"x": ["2024-01-01"]}, {"x": [dt.date(2024, 1, 1)]}),
        ({"x": [1], "y": [2]}, {"y": [2], "x": [1]}),
    ],
)
def test_another_content_has_another_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert logical_digest(pl.DataFrame(one)) != logical_digest(pl.DataFrame(other))


def test_python_objects_are_refused() -> None:
    with pytest.raises(BadInput, match="type Object cannot be kept"):
        logical_digest(pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)}))


texts = st.text(string.ascii_letters + "é€😀,", max_size=5)
cells = st.fixed_dictionaries(
    {
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "real": st.none() | st.floats(),
        "text": st.none() | texts,
        "yes": st.none() | st.booleans(),
        "day": st.none() | st.dates(),
        "list": st.none() | st.lists(st.none() | texts, max_size=3),
        "pair": st.none() | st.fixed_dictionaries({"a": st.none() | st.integers(0, 3), "b": st.none() | texts}),
    }
)
SCHEMA = {
    "whole": pl.Int64(),
    "real": pl.Float64(),
    "text": pl.String(),
    "yes": pl.Boolean(),
    "day": pl.Date(),
    "list": pl.List(pl.String()),
    "pair": pl.Struct({"a": pl.Int64(), "b": pl.String()}),
}


@given(st.lists(cells, max_size=8), st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_packing_never_shows(rows: list[dict[str, Any]], cut: int) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    pieces = pl.concat([frame[:cut], frame[cut:]], rechunk=False)
    packed = frame.with_columns(pl.col("text").cast(pl.Categorical))
    assert logical_digest(pieces) == logical_digest(frame) == logical_digest(packed)
    assert logical_digest(pl.DataFrame(frame.to_arrow())) == logical_digest(frame)


@given(st.lists(cells, min_size=1, max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_cell_changes_the_digest(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    at, name = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(["whole", "text", "yes", "list"]))
    changed = [dict(row) for row in rows]
    changed[at][name] = data.draw(
        st.just(None)
        if rows[at][name] is not None
        else {"whole": st.integers(0, 9), "text": texts, "yes": st.booleans(), "list": st.lists(texts, max_size=2)}[
            name
        ]
    )
    assert logical_digest(pl.DataFrame(changed, schema=SCHEMA)) != logical_digest(frame)
