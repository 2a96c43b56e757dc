from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from instar.base.errors import BadInput
from instar.base.schema import Field
from instar.serve.errors import BadJson, WrongField
from instar.serve.frames import RowFrames
from instar.serve.wire import Codec, united

FILM = [Field("Runtime", "float64"), Field("Year", "int64"), Field("Genre", "string"), Field("Title", "string")]
EVERY = {
    "int8": (127, 128),
    "uint8": (255, -1),
    "int64": (2**63 - 1, 2**63),
    "uint64": (2**64 - 1, "1"),
    "float64": (1.5, "1.5"),
    "float32": (2, True),
    "bool": (True, 1),
    "string": ("ü", 1),
    "date": ("2020-02-29", "2021-02-29"),
    "datetime": ("2020-02-29T12:00:00", "noon"),
    "datetime[UTC]": ("2020-02-29T12:00:00Z", "2020-02-29T12:00:00"),
    "list[string]": (["a", None], "a"),
    "array[float32,2]": ([0.5, 1.5], [0.5]),
}


def read(body: str, columns: list[Field] = FILM) -> list[bytes]:
    return Codec(columns).read(body.encode())[1]


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (
            '{"row": {"Runtime": 1, "Year": "x", "Genre": "", "Title": ""}}',
            "$.row.Year",
            "Expected `int | null`, got `str`",
        ),
        ('{"row": {"Runtime": 1, "Year": 1.5, "Genre": "", "Title": ""}}', "$.row.Year", "Expected `int | null`"),
        (
            '{"row": {"Runtime": 1, "Year": 1, "Genre": "", "Title": 5}}',
            "$.row.Title",
            "Expected `str | null`, got `int`",
        ),
        ('{"row": {"Runtime": 1, "Year": 1, "Title": ""}}', "$.row", "missing required field `Genre`"),
        (
            '{"rows": [{"Runtime": 1, "Year": 1, "Genre": "", "Title": ""}, {"Runtime": []}]}',
            "$.rows[1].Runtime",
            "Expected",
        ),
        ('{"row": 3}', "$.row", "Expected `object`, got `int`"),
        ('{"rwo": {}}', "$", "unknown field `rwo`"),
        ('{"row": {}, "rows": []}', "$.row", "missing required field"),
        ("{}", "$", "nothing to predict"),
        ('{"rows": []}', "$", "nothing to predict"),
        ("[]", "$", "Expected `object`"),
        ('{"row": null, "timeout_ms": -1}', "$.row", "Expected `object`"),
        ('{"timeout_ms": -1}', "$.timeout_ms", "> 0"),
        ('{"context": {"region": ["US"]}}', "$.context[...]", "Expected"),
    ],
)
def test_a_wrong_field_is_refused_with_its_path(body: str, path: str, message: str) -> None:
    with pytest.raises(WrongField) as error:
        read(body)
    assert error.value.path == path
    assert message in str(error.value)


@pytest.mark.parametrize("body", [b"", b"{", b"row", b'{"row": \xff}', b'{"row": {"Year": NaN}}', b"{}x"])
def test_what_is_not_json_is_said_to_be_no_json(body: bytes) -> None:
    with pytest.raises(BadJson, match="the body is not"):
        Codec(FILM).read(body)


def test_null_is_taken_and_columns_nobody_needs_are_ignored() -> None:
    rows = read('{"row": {"Title": null, "Year": 2009, "Runtime": 96, "Genre": null, "Plot": "balloons"}}')
    assert msgspec.msgpack.decode(rows[0]) == [96.0, 2009, None, None]


@pytest.mark.parametrize("type", list(EVERY))
def test_every_type_travels_from_json_to_the_frame(type: str) -> None:
    good, bad = EVERY[type]
    columns = [Field("a column, oddly named", type)]
    codec, frames = Codec(columns), RowFrames(columns, ["a column, oddly named"])
    rows = codec.read(msgspec.json.encode({"rows": [{"a column, oddly named": value} for value in (good, None)]}))[1]
    values = frames.frame(b"".join(rows), 2)["a column, oddly named"].to_list()
    assert values == [python(type, good), None]
    with pytest.raises(WrongField):
        codec.read(msgspec.json.encode({"row": {"a column, oddly named": bad}}))


def python(type: str, value: Any) -> Any:
    if type == "date":
        return dt.date.fromisoformat(value)
    return dt.datetime.fromisoformat(value) if type.startswith("datetime") else value


@pytest.mark.parametrize("width", [1, 15, 16, 64])
def test_rows_of_numbers_take_the_short_way_and_agree_with_the_long_one(width: int) -> None:
    names = [f"x{place}" for place in range(width)]
    columns = [Field(name, "float64") for name in names]
    table = np.random.default_rng(0).normal(size=(5, width)).round(3)
    packed = [msgspec.msgpack.encode(tuple(row)) for row in table.tolist()]
    frames = RowFrames(columns, names[::-1])
    short = frames.frame(b"".join(packed), 5)
    long = frames.frame(b"".join([*packed, msgspec.msgpack.encode((None,) * width)]), 6)
    assert short.equals(long[:5])
    assert short.equals(pl.DataFrame(table, schema=names).select(names[::-1]))
    assert RowFrames(columns, names).frame(b"".join(packed), 5).equals(pl.DataFrame(table, schema=names))


def test_candidates_that_need_one_column_in_two_types_cannot_share_a_deployment() -> None:
    with pytest.raises(BadInput, match=r"column 'Year' is int64 .* and string"):
        united([[Field("Year", "int64")], [Field("Year", "string")]])
    assert [field.name for field in united([FILM[:2], FILM[1:]])] == [field.name for field in FILM]
