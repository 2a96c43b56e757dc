"""A summary in each group: the laws, and what is particular."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.summaries import Cells, SummaryContract

from instar.base.errors import Conflict
from instar.data.summaries import Frequencies, Grouped, Of


class TestGroupedFrequencies(SummaryContract):
    wish = Of(Grouped, "g", "x", inner="frequencies")
    cells: ClassVar[Cells] = {
        "g": (pl.String(), st.sampled_from(["a", "b", ""])),
        "x": (pl.Int64(), st.integers(-3, 3)),
    }


def test_each_group_has_the_summary_of_its_rows() -> None:
    rows = pl.DataFrame({"g": ["a", "a", None], "h": [1, 1, 2], "x": [5, 5, 6]})
    found = Grouped.of(rows, "g", "h", "x", inner="frequencies")
    assert found.groups == {("a", 1): Frequencies({5: 2}, "int64"), (None, 2): Frequencies({6: 1}, "int64")}


def test_groups_of_other_types_do_not_add() -> None:
    one = Grouped.of(pl.DataFrame({"g": ["a"], "x": [1]}), "g", "x")
    other = Grouped.of(pl.DataFrame({"g": [1], "x": [1]}), "g", "x")
    with pytest.raises(Conflict, match="grouped"):
        one | other
