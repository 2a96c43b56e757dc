"""Every source passes the contract."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from pathlib import Path

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy.io import fits
from tests.contracts.sources import COLUMNS, ROWS, SourceContract

from instar.data.sources.detect import open_source
from instar.data.sources.source import Source

GRID_COLUMNS = {"film": "int64", **COLUMNS}
GRID_ROWS = [{"film": at, **row, "title": row["title"] or ""} for at, row in enumerate(ROWS)]
ASCII_ROWS = [row | {"title": (row["title"] or "").replace("\n", " ").replace("é", "e")} for row in ROWS]


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


class TestArrow(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.feather"
        pl.DataFrame(ROWS).with_columns(pl.col("title").cast(pl.Categorical)).write_ipc(path, record_batch_size=2)
        return open_source(path)


class TestArrowStream(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        path = tmp_path / "rows.arrows"
        table = pl.DataFrame(ROWS).with_columns(pl.col("title").cast(pl.Categorical)).to_arrow()
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            for at in range(len(ROWS)):
                stream.write_table(table.slice(at, 1))
        return open_source(path)


class TestSqlTable(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return open_source(f"sqlite:///{sqlite_file(tmp_path)}", options={"table": "films"})


class TestSqlQuery(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        query = "SELECT year, score, title FROM films WHERE coalesce(title, '') <> '10:30 :x' ORDER BY rowid;"
        return open_source(f"sqlite:///{sqlite_file(tmp_path)}", options={"query": query})


class TestNetcdf(SourceContract):
    """No missing text, and the dimension is a column."""

    columns = GRID_COLUMNS
    expected = GRID_ROWS

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return open_source(netcdf_file(tmp_path))


class TestFits(SourceContract):
    """No missing text, and texts without line ends."""

    expected = ASCII_ROWS

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        years = np.array([-99 if row["year"] is None else row["year"] for row in ROWS])
        scores = np.array([np.nan if row["score"] is None else row["score"] for row in ROWS])
        columns = [
            fits.Column("year", "K", array=years, null=-99),
            fits.Column("score", "D", array=scores),
            fits.Column("title", "30A", array=[row["title"] for row in self.expected]),
        ]
        path = tmp_path / "rows.fits"
        fits.BinTableHDU.from_columns(columns).writeto(path)
        return open_source(path)


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


def netcdf_file(folder: Path) -> Path:
    path = folder / "rows.nc"
    with h5py.File(path, "w") as file:
        film = file.create_dataset("film", data=np.arange(len(ROWS)))
        film.make_scale("film")
        years = np.array([-99 if row["year"] is None else row["year"] for row in ROWS])
        scores = np.array([1e20 if row["score"] is None else row["score"] for row in ROWS])
        titles = np.array([row["title"] or "" for row in ROWS], dtype=object)
        for name, values in {"year": years, "score": scores}.items():
            file.create_dataset(name, data=values)
        file.create_dataset("title", data=titles, dtype=h5py.string_dtype())
        file["year"].attrs["_FillValue"] = np.int64(-99)
        file["score"].attrs["missing_value"] = 1e20
        for at, name in enumerate(("film", "year", "score", "title")):
            file[name].attrs["_Netcdf4Dimid"] = at
            if name != "film":
                file[name].dims[0].attach_scale(film)
    return path


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
