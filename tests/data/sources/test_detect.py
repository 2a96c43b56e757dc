"""From what the user names to the source that reads it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from instar.base.errors import BadInput, NotFound
from instar.data.sources.csv import CsvSource
from instar.data.sources.detect import open_source
from instar.data.sources.errors import FileEmpty, FileMissing, FormatUnknown, SchemasDiffer
from instar.data.sources.parquet import ParquetSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    (place / "b.csv").write_text("a\n2\n")
    (place / "a.csv").write_text("a\n1\n")
    return place


def test_a_missing_file_suggests_what_is_near(folder: Path) -> None:
    (folder / "movies.csv").write_text("a\n1\n")
    with pytest.raises(FileMissing, match=r"no file .*move.csv'; in that folder: did you mean 'movies.csv'"):
        open_source(folder / "move.csv")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"the folder '.*nowhere' does not exist either"):
        open_source(tmp_path / "nowhere" / "a.csv")


def test_a_folder_a_pattern_and_a_list_are_files_in_order(folder: Path) -> None:
    for given in (folder, str(folder / "*.csv"), [folder / "a.csv", folder / "b.csv"]):
        source = open_source(given)
        assert [path.name for path in source.files()] == ["a.csv", "b.csv"]
        assert pl.concat(source.chunks(9))["a"].to_list() == [1, 2]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no files to import"):
        open_source(tmp_path)


def test_a_folder_of_folders_is_told_which_formats_read_it(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    with pytest.raises(BadInput, match=r"no files to import .*format=images or texts"):
        open_source(tmp_path)


def test_files_of_two_formats_do_not_go_together(folder: Path) -> None:
    (folder / "c.json").write_text('[{"a": 1}]')
    with pytest.raises(BadInput, match=r"c.json is json, .*a.csv is csv; import files of one format"):
        open_source(folder)


def test_first_bytes_tell_the_format_when_the_name_does_not(folder: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(folder / "part-0001")
    assert isinstance(open_source(folder / "part-0001"), ParquetSource)


def test_an_unknown_format_lists_what_is_known(folder: Path) -> None:
    (folder / "notes.txt").write_text("a,b\n1,2\n")
    with pytest.raises(FormatUnknown, match=r"give format= one of arrow, csv, duckdb, .*, sqlite, texts"):
        open_source(folder / "notes.txt")
    assert isinstance(open_source(folder / "notes.txt", format="csv"), CsvSource)
    with pytest.raises(NotFound, match="no format 'cvs'; did you mean 'csv'"):
        open_source(folder / "notes.txt", format="cvs")


def test_an_empty_file_of_unknown_format_is_empty(folder: Path) -> None:
    (folder / "nothing").write_bytes(b"")
    with pytest.raises(FileEmpty):
        open_source(folder / "nothing")


def test_an_option_that_the_format_lacks_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="csv has no option 'seperator'; did you mean 'separator'"):
        open_source(folder / "a.csv", options={"seperator": ";"})
    with pytest.raises(BadInput, match="csv has no option 'table'"):
        open_source(folder / "a.csv", options={"table": "films"})


def test_a_frame_has_no_options(folder: Path) -> None:
    with pytest.raises(BadInput, match="encoding = …: only a file"):
        open_source(pl.DataFrame({"a": [1]}), options={"encoding": "latin-1"})


def test_parquet_files_with_other_types_do_not_go_together(folder: Path) -> None:
    pl.DataFrame({"a": [1], "b": ["x"]}).write_parquet(folder / "1.parquet")
    pl.DataFrame({"b": ["y"], "a": [2]}).write_parquet(folder / "2.parquet")
    source = open_source(str(folder / "*.parquet"))
    assert pl.concat(source.chunks(9)).rows() == [(1, "x"), (2, "y")]
    pl.DataFrame({"a": [1.5], "b": ["x"]}).write_parquet(folder / "3.parquet")
    with pytest.raises(SchemasDiffer, match=r"3.parquet does not fit .* column 'a' is float64, theirs int64"):
        open_source(str(folder / "*.parquet")).schema()


def test_half_a_parquet_file_is_an_error(folder: Path) -> None:
    pl.DataFrame({"a": range(100)}).write_parquet(folder / "1.parquet")
    (folder / "1.parquet").write_bytes((folder / "1.parquet").read_bytes()[:-20])
    with pytest.raises(BadInput, match="cannot be read as Parquet"):
        open_source(folder / "1.parquet").schema()


def test_frames_that_come_one_after_another_are_one_table() -> None:
    source = open_source(iter([{"a": [1, 2]}, pl.DataFrame({"a": [3]})]))
    assert [piece["a"].to_list() for piece in source.chunks(2)] == [[1, 2], [3]]


def test_a_frame_that_does_not_fit_the_first_is_named_by_its_number() -> None:
    source = open_source(iter([{"a": [1]}, {"a": [1]}, {"a": ["x"]}]))
    with pytest.raises(
        SchemasDiffer, match="frame 3 does not fit the ones before it: column 'a' is string, theirs int64"
    ):
        list(source.chunks(1))


def test_no_frame_at_all_is_refused() -> None:
    with pytest.raises(BadInput, match="gives no frame"):
        open_source(iter([]))
