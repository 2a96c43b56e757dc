"""Tables read chunk by chunk: the chunks do not depend on how the reader reads."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from instar.data.operators import AnyOperator, MinMax, Standardize
from instar.data.preparing import reading as module
from instar.data.preparing.fit import fit
from instar.data.preparing.reading import read_in_parts, reading


@pytest.fixture
def films(tmp_path: Path) -> Path:
    path = tmp_path / "films.parquet"
    frame = pl.DataFrame({"Year": [1900.0 + at % 97 for at in range(1000)], "Votes": range(1000)})
    frame.write_parquet(path, row_group_size=70)
    return path


def test_chunks_read_in_parts_are_those_of_one_pass(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = pl.scan_parquet(films).with_columns(pl.col("Year").alias("again"))
    monkeypatch.setattr(module, "PART", 128)
    parts = list(reading(again, 60).frames(["Votes", "again"]))
    monkeypatch.setattr(module, "read_in_parts", lambda lazy: False)
    whole = list(reading(again, 60).frames(["Votes", "again"]))
    assert [frame.height for frame in parts] == [60] * 16 + [40]
    assert all(one.equals(other) for one, other in zip(parts, whole, strict=True))


def test_a_fit_is_the_same_however_a_file_is_read(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operators: list[AnyOperator] = [Standardize("Year"), MinMax("Votes")]
    digests = set()
    for part in (1, 64, 100_000):
        monkeypatch.setattr(module, "PART", part)
        digests |= {fit(operators, films, chunk_rows=64, workers=workers).digest for workers in (1, 3)}
    monkeypatch.setattr(module, "read_in_parts", lambda lazy: False)
    assert {fit(operators, films, chunk_rows=64).digest} == digests


def test_a_file_without_rows_gives_one_empty_chunk(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pl.DataFrame({"x": []}, schema={"x": pl.Float64}).write_parquet(path)
    assert [frame.shape for frame in reading(path).frames(["x"])] == [(0, 1)]


def test_only_what_some_rows_of_a_file_tell_is_read_in_parts(films: Path) -> None:
    lazy = pl.scan_parquet(films)
    assert read_in_parts(lazy)
    assert read_in_parts(pl.scan_parquet([films, films]))
    assert read_in_parts(lazy.with_columns(pl.col("Year") * 2).select("Year"))
    for other in (
        lazy.filter(pl.col("Year") > 1950),
        lazy.sort("Votes"),
        lazy.head(900).sort("Votes"),
        lazy.with_columns(pl.col("Votes").cum_sum()),
        lazy.with_columns(pl.col("Votes") - pl.col("Votes").mean()),
        lazy.group_by("Year").len(),
        pl.concat([lazy, lazy]),
        lazy.join(lazy, on="Votes"),
    ):
        assert not read_in_parts(other)
