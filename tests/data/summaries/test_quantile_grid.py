"""What the quantile grid guarantees beyond the laws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from instar.base.errors import Conflict
from instar.base.merge import fold
from instar.data.summaries import QuantileGrid


@pytest.mark.parametrize("chunk", [100, 1000, 7919])
def test_the_rank_error_is_bounded_however_many_chunks(chunk: int) -> None:
    random = np.random.default_rng(7)
    values = np.concatenate([random.lognormal(size=14_000), np.zeros(400), random.normal(5, 1, size=6_000)])
    random.shuffle(values)
    merged = fold(QuantileGrid.of(part, "x") for part in pl.DataFrame({"x": values}).iter_slices(chunk))
    ordered = np.sort(values)
    for share in np.linspace(0, 1, 65):
        found = merged.quantile(float(share))
        assert found is not None
        low, high = np.searchsorted(ordered, found, "left"), np.searchsorted(ordered, found, "right")
        assert low / values.size <= share + 1 / 1024
        assert high / values.size >= share - 1 / 1024


def test_the_median_of_few_rows_is_the_median() -> None:
    for values in ([3.0, 1.0], [3.0, 1.0, 2.0], [1.0, 1.0, 2.0, 9.0], [5.0]):
        assert QuantileGrid.of(pl.DataFrame({"x": values}), "x").quantile(0.5) == np.median(values)


def test_a_chunk_takes_four_kilobytes() -> None:
    grid = QuantileGrid.of(pl.DataFrame({"x": np.arange(100_000.0)}), "x")
    assert len(grid.to_bytes()) < 4200


def test_nothing_seen_has_no_quantile() -> None:
    assert QuantileGrid.of(pl.DataFrame({"x": [None]}), "x").quantile(0.5) is None


def test_grids_of_other_sizes_do_not_add() -> None:
    frame = pl.DataFrame({"x": [1.0]})
    with pytest.raises(Conflict, match="taken with 4 and with 8 do not add"):
        QuantileGrid.of(frame, "x", m=4) | QuantileGrid.of(frame, "x", m=8)
