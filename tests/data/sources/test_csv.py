"""CSV: types by all values, and errors that name the line."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.base.errors import BadInput
from instar.data.sources.csv import CsvSource
from instar.data.sources.errors import BadQuote, FileEmpty, RaggedRow, SchemasDiffer, Undecodable
from instar.data.sources.records import Dialect, blocks

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(data: bytes) -> Path:
        path = tmp_path / f"file{len(list(tmp_path.iterdir()))}.csv"
        path.write_bytes(data)
        return path

    return to_file


def types(source: CsvSource) -> dict[str, str]:
    return {field.name: field.type for field in source.schema()}


def rows(source: CsvSource) -> list[tuple[Any, ...]]:
    return [row for piece in source.chunks(2) for row in piece.rows()]


def test_the_last_of_many_values_decides_the_type_as_much_as_the_first(write: Write) -> None:
    path = write(b"a,b\n" + b"1,1\n" * 20_000 + b"x,2.5\n")
    assert types(CsvSource([path])) == {"a": "string", "b": "float64"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("1 -2 0", "int64"),
        ("1 2.0", "float64"),
        ("1e3 nan -inf .5", "float64"),
        ("true FALSE True", "bool"),
        ("007 12", "string"),
        ("+34 12", "string"),
        ("99999999999999999999 1", "string"),
        ("99999999999999999999 1.5", "float64"),
        ("2024-01-31", "string"),
        ("true 1", "string"),
    ],
)
def test_a_type_holds_all_values_and_loses_nothing(write: Write, values: str, expected: str) -> None:
    path = write(b"a\n" + values.replace(" ", "\n").encode())
    assert types(CsvSource([path])) == {"a": expected}


def test_an_empty_column_is_text(write: Write) -> None:
    source = CsvSource([write(b"a,b\n1,\n2,\n")])
    assert (types(source), rows(source)) == ({"a": "int64", "b": "string"}, [(1, None), (2, None)])


def test_a_quoted_empty_text_is_a_text_and_an_unquoted_one_is_missing(write: Write) -> None:
    assert rows(CsvSource([write(b'a,b\n"",x\n,y\n')])) == [("", "x"), (None, "y")]


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_do_no_harm(write: Write) -> None:
    source = CsvSource([write(b"\xef\xbb\xbfa;b\r\n\r\n1;x\r\n\r\n2;y\r\n\r\n")])
    assert (types(source), rows(source)) == ({"a": "int64", "b": "string"}, [(1, "x"), (2, "y")])


def test_names_of_missing_values_are_missing(write: Write) -> None:
    assert rows(CsvSource([write(b"a\n1\nNA\n")], nulls=["NA"])) == [(1,), (None,)]


def test_without_a_header_columns_are_numbered(write: Write) -> None:
    assert types(CsvSource([write(b"1,x\n2,y\n")], header=False)) == {"column_1": "int64", "column_2": "string"}


def test_a_column_of_row_names_is_numbered(write: Write) -> None:
    assert types(CsvSource([write(b",a\n1,2\n")])) == {"column_1": "int64", "a": "int64"}


def test_a_table_of_no_rows_has_its_columns(write: Write) -> None:
    source = CsvSource([write(b"a,b\n")])
    assert (types(source), rows(source)) == ({"a": "string", "b": "string"}, [])


@pytest.mark.parametrize(
    ("line", "found"), [(b"3\n", "expected 2 fields, found 1"), (b"3,4,5\n", "expected 2 fields, found 3")]
)
def test_a_line_with_other_fields_is_named(write: Write, line: bytes, found: str) -> None:
    path = write(b'a,b\n1,"two\nlines"\n\n' + line + b"6,7\n")
    with pytest.raises(RaggedRow, match=f"file0.csv, line 5: {found}"):
        CsvSource([path]).schema()


def test_a_ragged_line_far_down_is_named(write: Write) -> None:
    path = write(b"a,b\n" + b"1,2\n" * 100_000 + b"1\n")
    with pytest.raises(RaggedRow, match="line 100002: expected 2 fields, found 1: '1'"):
        list(blocks(path, Dialect(), size=10_000))


def test_bytes_that_are_no_text_are_named_with_line_and_offset(write: Write) -> None:
    with pytest.raises(Undecodable, match=r"line 3: byte 0xe9 at offset 12 is not utf-8 text.*encoding='windows-1252'"):
        CsvSource([write(b"a,b\n1,x\n2,caf\xe9\n".replace(b"caf", b"ca"))]).schema()


def test_a_character_cut_by_the_edge_of_a_block_is_no_error(write: Write) -> None:
    path = write("a\né\né\n".encode())
    for size in range(1, 9):
        assert b"".join(block.data for block in blocks(path, Dialect(), size=size)) == "a\né\né\n".encode()


def test_utf16_is_recognised_by_its_mark(write: Write) -> None:
    path = write("a\né\n".encode("utf-16"))
    with pytest.raises(Undecodable, match="encoding='utf-16'"):
        CsvSource([path])
    assert rows(CsvSource([path], encoding="utf-16")) == [("é",)]


def test_an_empty_file_is_named() -> None:
    with pytest.raises(FileEmpty, match=r"/dev/null is empty \(0 bytes\)"):
        CsvSource([Path("/dev/null")])


def test_only_blank_lines_are_no_table(write: Write) -> None:
    with pytest.raises(BadInput, match="only blank lines"):
        CsvSource([write(b"\n\n")]).schema()


def test_a_quote_that_is_never_closed_is_named_by_its_line(write: Write) -> None:
    with pytest.raises(BadQuote, match="line 3: this quote is never closed"):
        CsvSource([write(b'a,b\n1,2\n"3,4\n5,6\n')]).schema()


def test_a_quote_inside_a_field_is_named_by_its_line(write: Write) -> None:
    path = write(b'a,b\n1,2\n5" or 6",4\n')
    with pytest.raises(BadQuote, match="line 3: a quote stands inside a field"):
        CsvSource([path]).schema()
    assert rows(CsvSource([path], quote=None))[1] == ('5" or 6"', 4)


def test_two_columns_of_one_name_are_refused(write: Write) -> None:
    with pytest.raises(BadInput, match="'a' names several columns"):
        CsvSource([write(b"a,b,a\n1,2,3\n")]).schema()


def test_a_column_called_as_a_pattern_is_refused(write: Write) -> None:
    with pytest.raises(BadInput, match=r"column 2, '\*', stands for several columns; rename it first"):
        CsvSource([write(b"a,*\n1,2\n")]).schema()


def test_files_with_other_columns_do_not_go_together(write: Write) -> None:
    with pytest.raises(SchemasDiffer, match=r"file1.csv does not fit .* its columns are a, c, theirs a, b"):
        CsvSource([write(b"a,b\n1,2\n"), write(b"a,c\n1,2\n")]).schema()


def test_the_types_hold_the_values_of_all_files_and_pieces_do_not_cross_files(write: Write) -> None:
    source = CsvSource([write(b"a\n1\n2\n3\n"), write(b"a\n4.5\n")])
    assert types(source) == {"a": "float64"}
    assert [piece["a"].to_list() for piece in source.chunks(2)] == [[1.0, 2.0], [3.0], [4.5]]


def test_half_a_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "half.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + bytes(range(48, 58)) * 1000)[:-12])
    with pytest.raises(BadInput, match="is not a whole gzip file"):
        CsvSource([path]).schema()


cells = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.sampled_from(["", "true", "False", "007", " 1", "nan", "NA"]),
    st.text("ab,;\"\n\r é'", max_size=6),
)


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8)))
@settings(max_examples=80, deadline=None)
def test_what_python_writes_is_read_back_whatever_the_size_of_the_blocks(table: list[list[str]]) -> None:
    """Compared as text, with the quoting that tells an empty text from nothing."""
    width = len(table[0]) if table else 1
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow([f"c{number}" for number in range(width)])
    writer.writerows(table)
    with file_of(buffer.getvalue().encode()) as path:
        for size in (1, 7, 1 << 20):
            found = sum(block.records for block in blocks(path, Dialect(), size=size))
            assert found == len(table) + 1
        source = CsvSource([path], separator=",")
        read = pl.concat([*source.chunks(3)]) if table else None
    for number in range(width if read is not None else 0):
        assert read is not None
        column = read[f"c{number}"]
        if column.dtype == pl.String:
            assert column.to_list() == [row[number] for row in table]


@contextmanager
def file_of(data: bytes) -> Iterator[Path]:
    """A file for one example, which a fixture cannot give."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(data)
        yield path
