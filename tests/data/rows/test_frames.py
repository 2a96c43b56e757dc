"""Any table as a Polars frame."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from instar.base.errors import BadInput, ColumnMissing
from instar.base.schema import Field
from instar.data.rows.frames import dtype_of, schema_of, to_polars, type_name

TYPES = [
    pl.Int8(),
    pl.UInt64(),
    pl.Float32(),
    pl.Boolean(),
    pl.String(),
    pl.Binary(),
    pl.Date(),
    pl.Time(),
    pl.Datetime("us"),
    pl.Datetime("us", "Europe/Madrid"),
    pl.Duration("us"),
    pl.Decimal(10, 2),
    pl.Null(),
    pl.List(pl.List(pl.String())),
    pl.Array(pl.Float32(), 40),
    pl.Array(pl.Float32(), (2, 3)),
    pl.Struct({'a "quoted", name': pl.Int64(), "b]": pl.List(pl.Struct({"c": pl.Date()}))}),
]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_every_type_has_a_word_and_the_word_gives_it_back(dtype: pl.DataType) -> None:
    assert dtype_of(type_name(dtype)) == dtype


@pytest.mark.parametrize("word", ["int65", "list", "list[int65]", "array[int8]", "decimal[1]", ""])
def test_an_unknown_word_is_refused(word: str) -> None:
    with pytest.raises(BadInput, match="unknown column type"):
        dtype_of(word)


@pytest.mark.parametrize(
    "frame",
    [
        {"a": [1, None], "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"b": "y"}],
        pl.DataFrame({"a": [1, None], "b": ["x", "y"]}).lazy(),
        nw.from_native(pl.DataFrame({"a": [1, None], "b": ["x", "y"]})),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.Categorical(["x", "y"])}),
        pl.DataFrame({"a": [1, None], "b": ["x", "y"]}).to_arrow(),
    ],
    ids=lambda frame: type(frame).__module__.partition(".")[0],
)
def test_tables_of_many_kinds_become_one(frame: Any) -> None:
    assert to_polars(frame).equals(pl.DataFrame({"a": [1, None], "b": ["x", "y"]}))


def test_numpy_columns_are_numbered() -> None:
    assert to_polars(np.arange(6).reshape(2, 3)).rows() == [(0, 1, 2), (3, 4, 5)]
    assert to_polars(np.array([1.5, 2.5])).columns == ["x0"]
    assert to_polars(np.array([(1, 2.0)], dtype=[("a", "i8"), ("b", "f8")])).columns == ["a", "b"]


def test_a_named_index_of_pandas_is_a_column_and_an_unnamed_one_is_not() -> None:
    frame = pd.DataFrame({"id": [7, 8], "a": [1, 2]})
    assert to_polars(frame.set_index("id")).columns == ["id", "a"]
    assert to_polars(frame[1:]).columns == ["id", "a"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (3, "this int is not a table: give a data frame"),
        ("a.csv", "this str is not a table"),
        ([1, 2], "this list is not a table"),
        ({"a": [1, "x"]}, "this dict is not a table"),
        ({"a": [1], "b": [1, 2]}, "this dict is not a table"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        ({}, "has no columns"),
        ({"": [1]}, "column 1 has no name"),
        ({"a": [object()]}, "column 'a': type Object cannot be kept"),
        ({"a": [1], "*": [2]}, r"the name of column 2, '\*', stands for several columns; rename it first"),
        ({"^a.*$": [1]}, "stands for several columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' names several columns"),
    ],
)
def test_what_is_no_table_is_refused(bad: Any, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        to_polars(bad)


def test_units_and_roles_are_of_columns_that_are_there() -> None:
    frame = pl.DataFrame({"Runtime": [90.0], "Title": ["x"]})
    schema = schema_of(frame, units={"Runtime": "minute"}, roles={"Title": "id"})
    assert list(schema) == [Field("Runtime", "float64", "minute"), Field("Title", "string", role="id")]
    with pytest.raises(ColumnMissing, match="units: the input has no column 'Runtme'; did you mean 'Runtime'"):
        schema_of(frame, units={"Runtme": "minute"})


WITHOUT_PYARROW = """
import sys
import numpy as np, pandas as pd, duckdb
from instar.base.logical import logical_digest
from instar.data.rows.frames import to_polars
frame = pd.DataFrame({"a": [1, 2], "s": ["x", None], "f": [1.0, np.nan], "c": pd.Categorical(["u", None]), "b": [True, None],
                      "i": pd.array([1, None], dtype="Int64"), "z": pd.to_datetime(["2020-01-01", None]).tz_localize("UTC"),
                      "l": [[1], None], "n": pd.Series([None, None], dtype=object)})
print(logical_digest(to_polars(frame)), logical_digest(to_polars(duckdb.sql("SELECT 1 AS a"))), "pyarrow" in sys.modules)
"""


def test_pandas_and_duckdb_are_read_the_same_without_pyarrow(tmp_path: Path) -> None:
    """PyArrow is no dependency: a folder with everything else stands for an installation without it."""
    site = Path(pl.__file__).parents[1]
    for entry in site.iterdir():
        if not entry.name.startswith("pyarrow"):
            (tmp_path / entry.name).symlink_to(entry)
    source = Path(__file__).parents[3] / "src"
    answers = []
    for path, options in ((f"{tmp_path}{os.pathsep}{source}", ["-S"]), (str(source), [])):
        command = [sys.executable, *options, "-c", WITHOUT_PYARROW]
        done = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
        )
        answers.append(done.stdout.split())
    assert answers[0][:2] == answers[1][:2]
    assert answers[0][2] == "False"


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\x1b[31m"])
def test_a_column_whose_name_has_control_characters_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"the name of column 2 has control characters: .*; rename it first") as refused:
        to_polars({"x": [1], name: [2]})
    assert str(refused.value).isprintable()
