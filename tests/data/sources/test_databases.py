"""SQLite and DuckDB: which table, which types, what is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from instar.base.errors import BadInput
from instar.data.sources.duckdb import DuckdbSource
from instar.data.sources.errors import BadSql, TableUnknown
from instar.data.sources.source import Source
from instar.data.sources.sqlite import SqliteSource


@pytest.fixture
def films(tmp_path: Path) -> Path:
    path = tmp_path / "films.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE mixed (whole REAL, number INTEGER, anything INTEGER, bytes TEXT, none_int BIGINT,"
            " none_real NUMERIC, none_text VARCHAR(9), none_date DATE)"
        )
        database.executemany(
            "INSERT INTO mixed (whole, number, anything, bytes) VALUES (?, ?, ?, ?)",
            [(1.0, 1, 1, "a"), (None, 2.5, "x", b"\xff"), (3.0, None, None, None)],
        )
        database.execute("CREATE TABLE other (a)")
        database.execute("CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID")
        database.executemany("INSERT INTO keyed VALUES (?, ?)", [("b", 2), ("a", 1)])
        database.execute("CREATE VIEW seen AS SELECT number FROM mixed")
    database.close()
    return path


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    path = tmp_path / "lake.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE films AS SELECT range AS id, 'f' || range AS title FROM range(10)")
    return path


def types(source: Source) -> dict[str, str]:
    return {field.name: field.type for field in source.schema()}


def rows(source: Source) -> list[tuple[Any, ...]]:
    return [row for piece in source.chunks(2) for row in piece.rows()]


def test_a_column_of_sqlite_has_the_type_that_holds_all_its_values(films: Path) -> None:
    source = SqliteSource(films, table="mixed")
    assert types(source) == {
        "whole": "float64",
        "number": "float64",
        "anything": "string",
        "bytes": "binary",
        "none_int": "int64",
        "none_real": "float64",
        "none_text": "string",
        "none_date": "string",
    }
    assert [row[:4] for row in rows(source)] == [
        (1.0, 1.0, "1", b"a"),
        (None, 2.5, "x", b"\xff"),
        (3.0, None, None, None),
    ]


def test_views_and_tables_without_rowid_are_read(films: Path) -> None:
    assert rows(SqliteSource(films, table="seen")) == [(1.0,), (2.5,), (None,)]
    assert rows(SqliteSource(films, table="keyed")) == [("a", 1), ("b", 2)]


def test_a_query_has_types_of_its_own(films: Path) -> None:
    source = SqliteSource(films, query="WITH big AS (SELECT 2 AS n) SELECT n, n / 4.0 AS share FROM big; ")
    assert (types(source), rows(source)) == ({"n": "int64", "share": "float64"}, [(2, 0.5)])


@pytest.mark.parametrize("table", ["[all rows]", 'a "quoted" name', "select", "two words"])
def test_any_name_of_a_table_will_do(tmp_path: Path, table: str) -> None:
    path = tmp_path / "odd.db"
    quoted = '"' + table.replace('"', '""') + '"'
    with sqlite3.connect(path) as database:
        database.execute(f'CREATE TABLE {quoted} AS SELECT 1 AS "order by"')
    database.close()
    assert rows(SqliteSource(path)) == [(1,)]


def test_an_unknown_table_is_an_error_that_lists_the_tables(films: Path) -> None:
    with pytest.raises(TableUnknown, match=r"did you mean 'mixed'\?.*has: keyed, mixed, other, seen"):
        SqliteSource(films, table="mixd")


def test_without_a_table_the_tables_are_listed(films: Path) -> None:
    with pytest.raises(BadInput, match="it has the tables keyed, mixed, other, seen; say what to read"):
        SqliteSource(films)


def test_a_table_and_a_query_are_one_too_many(films: Path) -> None:
    with pytest.raises(BadInput, match="table= or query=, not both"):
        SqliteSource(films, table="mixed", query="SELECT 1")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT nope FROM mixed", "no such column: nope"),
        ("SELEC 1", "syntax error"),
        ("DELETE FROM mixed", "syntax error"),
        ("SELECT 1; SELECT 2", "syntax error"),
    ],
)
def test_a_bad_query_is_shown_with_the_cause(films: Path, query: str, why: str) -> None:
    with pytest.raises(BadSql, match=why) as raised:
        SqliteSource(films, query=query).schema()
    assert query in str(raised.value)


def test_a_join_with_two_columns_of_one_name_is_refused(films: Path) -> None:
    with pytest.raises(BadInput, match="'k', 'v' names several columns"):
        SqliteSource(films, query="SELECT * FROM keyed JOIN keyed AS other ON keyed.k = other.k").schema()


def test_text_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "latin.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("INSERT INTO t VALUES (CAST(x'E9' AS TEXT))")
    database.close()
    with pytest.raises(BadSql, match=r"UTF-8.*CAST\(column AS BLOB\)"):
        rows(SqliteSource(path))


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"SQLite format 3\0" + b"junk" * 1000)
    with pytest.raises(BadSql, match="not a whole SQLite database"):
        SqliteSource(path, table="a")


def test_sqlite_is_not_written_to(films: Path) -> None:
    before = films.read_bytes()
    rows(SqliteSource(films, table="mixed"))
    assert films.read_bytes() == before


def test_types_of_duckdb_that_nobody_else_has_are_cast(tmp_path: Path) -> None:
    path = tmp_path / "types.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(
            "CREATE TABLE t AS SELECT 1::HUGEINT AS huge, 'a'::ENUM('a', 'b') AS word, [1, 2] AS list, {'a': 1} AS pair,"
            " TIMESTAMPTZ '2024-01-01 00:00:00+02' AS moment, DATE '2024-01-01' AS day, 1.5::DECIMAL(4, 1) AS money"
        )
    source = DuckdbSource(path)
    assert types(source) == {
        "huge": "int64",
        "word": "string",
        "list": "list[int32]",
        "pair": 'struct["a":int32]',
        "moment": "datetime[UTC]",
        "day": "date",
        "money": "decimal[4,1]",
    }
    assert rows(source)[0][4].isoformat() == "2023-12-31T22:00:00+00:00"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT nope FROM films", '"nope" not found'),
        ("SELECT * FROM 'other.csv'", "disabled by configuration"),
        ("DROP TABLE films", "read-only"),
        ("SELECT 170141183460469231731687303715884105727 AS huge", "out of range"),
    ],
)
def test_duckdb_refuses_what_is_wrong_or_reaches_outside(lake: Path, query: str, why: str) -> None:
    with pytest.raises(BadSql, match=why):
        rows(DuckdbSource(lake, query=query))


@pytest.mark.parametrize("value", ["INTERVAL 1 DAY", "MAP {'a': 1}"])
def test_a_type_that_cannot_be_kept_is_an_error_that_names_the_column(lake: Path, value: str) -> None:
    with pytest.raises(BadInput, match=r"column 'odd' is .*; cast it in the query"):
        DuckdbSource(lake, query=f"SELECT {value} AS odd").schema()


def test_an_unknown_table_of_duckdb_is_an_error_that_lists_the_tables(lake: Path) -> None:
    with pytest.raises(TableUnknown, match="has: films"):
        DuckdbSource(lake, table="tomatoes")


def test_many_rows_of_duckdb_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "many.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE t AS SELECT range AS id FROM range(300000)")
    ids = [id for piece in DuckdbSource(path).chunks(70_000) for id in piece["id"].to_list()]
    assert ids == list(range(300_000))
