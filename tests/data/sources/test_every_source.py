"""Every source passes the contract."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from tests.contracts.sources import COLUMNS, ROWS, SourceContract

from instar.data.sources.detect import open_source
from instar.data.sources.source import Source


class TestCsv(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(COLUMNS))
            writer.writeheader()
            writer.writerows(ROWS)
        return open_source(path)


class TestTabsInLatin1(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.tsv"
        with path.open("w", newline="", encoding="latin-1") as file:
            writer = csv.DictWriter(file, list(COLUMNS), delimiter="\t")
            writer.writeheader()
            writer.writerows(ROWS)
        return open_source(path, options={"encoding": "latin-1"})


class TestJsonLines(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, ROWS)).encode()))
        return open_source(path)


class TestJsonArray(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(ROWS, indent=1))
        return open_source(path)


class TestParquet(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.parquet"
        pl.DataFrame(ROWS).with_columns(pl.col("title").cast(pl.Categorical)).write_parquet(path, row_group_size=2)
        return open_source(path)


class TestSqliteTable(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return open_source(sqlite_file(tmp_path), options={"table": "films"})


class TestSqliteQuery(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return open_source(sqlite_file(tmp_path), options={"query": "SELECT year, score, title FROM films;"})


class TestDuckdbTable(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return open_source(duckdb_file(tmp_path))


class TestDuckdbQuery(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return open_source(
            duckdb_file(tmp_path), options={"query": "SELECT year::HUGEINT AS year, score, title FROM films"}
        )


class TestPolars(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        return open_source(pl.DataFrame(ROWS))


class TestPandas(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        frame = pd.DataFrame(ROWS)
        frame["year"] = frame["year"].astype("Int64")
        return open_source(frame)


class TestRows(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        return open_source(ROWS)


def sqlite_file(folder: Path) -> Path:
    path = folder / "films.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE films (year INTEGER, score REAL, title TEXT)")
        database.executemany("INSERT INTO films VALUES (:year, :score, :title)", ROWS)
        database.execute("CREATE INDEX by_all ON films (title, score, year)")  # scanning it would change the order
    database.close()
    return path


def duckdb_file(folder: Path) -> Path:
    path = folder / "films.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE films (year BIGINT, score DOUBLE, title VARCHAR)")
        database.executemany("INSERT INTO films VALUES (?, ?, ?)", [list(row.values()) for row in ROWS])
    return path
