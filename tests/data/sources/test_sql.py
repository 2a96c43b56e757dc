"""Tables and queries of databases by URL."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy

import instar
from instar.base.errors import BadInput, NotFound
from instar.data.sources.detect import open_source
from instar.data.sources.sql import SqlSource
from instar.track.values import without_password


@pytest.fixture
def films(postgres_url: str) -> str:
    url = sqlalchemy.make_url(postgres_url).set(drivername="postgresql+psycopg")
    with sqlalchemy.create_engine(url).begin() as database:
        database.execute(
            sqlalchemy.text(
                "CREATE TABLE films (id int PRIMARY KEY, title text, meter numeric(5, 2), seen timestamptz, day date,"
                " tags text[], more jsonb, nothing text);"
                "INSERT INTO films VALUES (2, 'B', 7.25, '2020-01-01 12:00+02', '2020-01-02', '{a,b}', '{\"x\": 1}', NULL),"
                " (1, 'A', NULL, NULL, NULL, NULL, NULL, NULL)"
            )
        )
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_a_table_of_postgresql_comes_in_the_order_of_its_key(films: str) -> None:
    source = open_source(films, options={"table": "films"})
    rows = pl.concat(source.chunks(1))
    assert rows.row(1) == (
        2,
        "B",
        7.25,
        datetime(2020, 1, 1, 10, tzinfo=UTC),
        date(2020, 1, 2),
        '["a","b"]',
        '{"x":1}',
        None,
    )
    assert rows["id"].to_list() == [1, 2]
    assert source.schema()["nothing"].type == "string"
    assert source.rows() == 2


def test_a_query_may_cast_and_compare_but_not_write(films: str) -> None:
    asked = "SELECT id::text AS id, '10:30' AS at FROM films WHERE title LIKE 'A%' ORDER BY films.id;"
    assert pl.concat(open_source(films, options={"query": asked}).chunks(9)).rows() == [("1", "10:30")]
    with pytest.raises(BadInput, match="read-only transaction"):
        open_source(films, options={"query": "DELETE FROM films RETURNING id"}).schema()


def test_the_password_is_nowhere_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SqlSource("postgresql://ana:s3cret@host/films?sslpassword=hidden&connect_timeout=1", table="films")
    shown = str(source.describe())
    assert "s3cret" not in shown
    assert "hidden" not in shown
    assert "postgresql+psycopg://ana:***@host/films" in shown
    path = tmp_path / "films.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE films AS SELECT 1 AS id")
    database.close()
    monkeypatch.setenv("INSTAR_STORE", str(tmp_path / "store"))
    version = instar.import_data("films", f"sqlite:///{path}", table="films")
    assert version.store.nodes.get([version.activity])[0].doc["parameters"]["url"] == f"sqlite:///{path}"


def test_what_cannot_be_reached_or_read_is_said_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"postgresql\+psycopg://ana:\*\*\*@127\.0\.0\.1:1/x: .*correct the URL"
    ) as caught:
        open_source("postgresql://ana:s3cret@127.0.0.1:1/x", options={"table": "films"}).schema()
    assert "s3cret" not in str(caught.value)
    with pytest.raises(BadInput, match="no driver for 'nodb' is installed"):
        open_source("nodb://host/x", options={"table": "films"}).schema()
    with pytest.raises(BadInput, match="say what to read with table= or query="):
        open_source("sqlite:///x.db")
    with pytest.raises(BadInput, match="sql has no option 'separator'"):
        open_source("sqlite:///x.db", options={"separator": ";"})
    with pytest.raises(BadInput, match="format='sql' reads a URL"):
        open_source(tmp_path, format="sql")
    with pytest.raises(NotFound, match=r"no file '.*/empty.db'"):
        open_source(f"sqlite:///{tmp_path}/empty.db", options={"table": "movies"}).schema()
    assert not (tmp_path / "empty.db").exists()
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotFound, match="no table 'movies'"):
        open_source(f"sqlite:///{tmp_path}/empty.db", options={"table": "movies"}).schema()
    with pytest.raises(BadInput, match="the URL of the database cannot be read"):
        open_source("postgresql://ana:s3cret@host:port/x", options={"table": "movies"})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ana@host/films?password=s3cret",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3Ds3cret",
        "sqlite:///x.db?pwd=s3cret",
    ],
)
def test_what_is_secret_in_the_query_of_a_url_is_hidden(url: str) -> None:
    source = SqlSource(url, table="films")
    assert "s3cret" not in source.shown
    assert "=***" in source.shown
    assert "s3cret" not in without_password(f"import {url}")


def test_values_that_share_no_type_are_text(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    query = "SELECT 1 AS a, 1 AS b, x'00' AS c UNION ALL SELECT 2.5, 'x', NULL"
    rows = pl.concat(open_source(f"sqlite:///{tmp_path}/empty.db", options={"query": query}).chunks(5))
    assert rows.rows() == [(1.0, "1", b"\0"), (2.5, "x", None)]
