"""Tables read chunk by chunk: the chunks do not depend on how the reader reads."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from instar.data.operators import AnyOperator, MinMax, Standardize
from instar.data.preparing.fit import fit
from instar.data.preparing.reading import reading


@pytest.fixture
def films(tmp_path: Path) -> Path:
    path = tmp_path / "films.parquet"
    frame = pl.DataFrame({"Year": [1900.0 + at % 97 for at in range(1000)], "Votes": range(1000)})
    frame.write_parquet(path, row_group_size=70)
    return path


def test_chunks_are_of_the_size_that_is_asked_for_whatever_the_file_is_made_of(films: Path) -> None:
    again = pl.scan_parquet(films).with_columns(pl.col("Year").alias("again"))
    frames = list(reading(again, 60).frames(["Votes", "again"]))
    assert [frame.height for frame in frames] == [60] * 16 + [40]
    assert pl.concat(frames).equals(again.select("Votes", "again").collect())


def test_a_fit_is_the_same_whatever_the_workers_and_the_groups_of_rows_in_the_file(films: Path, tmp_path: Path) -> None:
    operators: list[AnyOperator] = [Standardize("Year"), MinMax("Votes")]
    other = tmp_path / "other.parquet"
    pl.read_parquet(films).write_parquet(other, row_group_size=333)
    digests = {fit(operators, path, chunk_rows=64, workers=w).digest for path in (films, other) for w in (1, 3)}
    assert len(digests) == 1


def test_a_file_without_rows_gives_one_empty_chunk(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pl.DataFrame({"x": []}, schema={"x": pl.Float64}).write_parquet(path)
    assert [frame.shape for frame in reading(path).frames(["x"])] == [(0, 1)]
