"""What falls into the bins of a column."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.summaries import Cells, SummaryContract

from instar.base.errors import Conflict
from instar.data.summaries import Binned, Of, Strips

NUMBERS = st.floats(-10, 10) | st.just(float("nan")) | st.just(float("inf"))


class TestBinned(SummaryContract):
    wish = Of(Binned, "x", "class", edges=(-1.0, 0.0, 2.5))
    cells: ClassVar[Cells] = {"x": (pl.Float64(), NUMBERS), "class": (pl.String(), st.sampled_from("ab"))}


class TestStrips(SummaryContract):
    """Parts of up to 512 rows keep all their values; where the parts differ, so do the bytes, but not what they say."""

    wish = Of(Strips, "x", "y", edges=(0.0, 2.5))
    cells: ClassVar[Cells] = {"x": (pl.Float64(), NUMBERS), "y": (pl.Float64(), NUMBERS)}

    def agrees(self, one: object, other: object, frame: pl.DataFrame) -> bool:
        assert isinstance(one, Strips)
        assert isinstance(other, Strips)
        left, right = ({at: np.sort(grid.values).tolist() for at, grid in each.grids.items()} for each in (one, other))
        return left == right


def test_bins_of_other_edges_do_not_add() -> None:
    rows = pl.DataFrame({"x": [1.0], "class": ["a"]})
    with pytest.raises(Conflict, match="binned"):
        Binned.of(rows, "x", "class", edges=(1.0,)) | Binned.of(rows, "x", "class", edges=(2.0,))


def test_a_value_at_an_edge_is_in_the_bin_above_it() -> None:
    rows = pl.DataFrame({"x": [0.9, 1.0, None], "class": ["a", "b", "c"]})
    assert Binned.of(rows, "x", "class", edges=(1.0,)).table.counts == {(0, "a"): 1, (1, "b"): 1}
