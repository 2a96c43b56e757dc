"""JSON: types by all values, and errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from instar.base.errors import BadInput
from instar.data.sources.errors import BadJson, FileEmpty, Undecodable
from instar.data.sources.json import JsonArraySource, JsonLinesSource


def lines(folder: Path, data: bytes) -> JsonLinesSource:
    path = folder / "rows.jsonl"
    path.write_bytes(data)
    return JsonLinesSource([path])


def array(folder: Path, data: bytes) -> JsonArraySource:
    path = folder / "rows.json"
    path.write_bytes(data)
    return JsonArraySource([path])


@pytest.mark.parametrize(
    ("values", "expected", "read"),
    [
        (["1", "2.5"], "float64", [1.0, 2.5]),
        (["1", "null"], "int64", [1, None]),
        (["true", "false"], "bool", [True, False]),
        (["1", '"x"'], "string", ["1", "x"]),
        (["true", "1"], "string", ["true", "1"]),
        (["[1]", "[2.5, null]"], "list[float64]", [[1.0], [2.5, None]]),
        (["[1]", '"x"'], "string", ["[1]", "x"]),
        (['{"a": 1}', '{"b": "x"}'], 'struct["a":int64,"b":string]', [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
        (["null", "null"], "string", [None, None]),
        (["[]", "null"], "list[string]", [[], None]),
        (["99999999999999999999", "1"], "string", ["99999999999999999999", "1"]),
    ],
)
def test_a_type_holds_all_values(tmp_path: Path, values: list[str], expected: str, read: list[Any]) -> None:
    source = lines(tmp_path, "\n".join(f'{{"x": {value}}}' for value in values).encode())
    assert source.schema()["x"].type == expected
    assert [value for piece in source.chunks(1) for value in piece["x"].to_list()] == read


def test_a_key_that_a_row_lacks_is_missing(tmp_path: Path) -> None:
    source = lines(tmp_path, b'{"a": 1}\n\n{"b": "x"}\n')
    assert [row for piece in source.chunks(9) for row in piece.rows()] == [(1, None), (None, "x")]


@pytest.mark.parametrize("bad", [b'{"a": 2', b"[1]", b"nonsense", b'{"a": 1} {"a": 2}'])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, bad: bytes) -> None:
    with pytest.raises(BadJson, match=r"rows.jsonl, line 3: .*each line must be one JSON object"):
        lines(tmp_path, b'{"a": 1}\n\n' + bad + b"\n").schema()


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(Undecodable, match="line 2: byte 0xff at offset 16"):
        lines(tmp_path, b'{"a": 1}\n{"a": "\xff"}').schema()


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileEmpty):
        lines(tmp_path, b"").schema()


def test_an_error_in_an_array_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadJson, match=r"rows.json, line 2: .*one array of objects"):
        array(tmp_path, b'[{"a": 1},\n{"a": }]').schema()


def test_lines_in_a_json_file_are_recognised(tmp_path: Path) -> None:
    with pytest.raises(BadJson, match="format='jsonl'"):
        array(tmp_path, b'{"a": 1}\n{"a": 2}').schema()


def test_an_array_of_nothing_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no columns"):
        array(tmp_path, b"[]").schema()
