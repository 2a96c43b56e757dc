"""Operators of bins keep the laws."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation

FLOATS = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.sampled_from([0.0, -0.0, float("inf"), float("-inf")])
NUMBERS: Cells = {"x": (pl.Float64(), FLOATS), "Year": (pl.Int64(), st.integers(-5, 5))}
SAMPLE: dict[str, list[Any]] = {"x": [90.5, None, 0.1, 0.2, 0.3, 100.25], "Year": [1999, 2001, None, 1954, 2001, 7]}
FAR: dict[str, Any] = {"x": -3e12, "Year": 10**9}


class Numeric(OperatorContract):
    cells = NUMBERS
    sample = SAMPLE
    unseen = FAR


class TestEqualDepth(Numeric):
    """Chunks of up to 512 rows keep all their values, so the edges are the same for every chunking of so few."""

    operator = prep.EqualDepth("x", "Year", bins=5)


class TestCutAt(Numeric):
    operator = prep.CutAt("x", "Year", edges=(-1.5, 0, 100))


class TestCutAtWithLabels(Numeric):
    operator = prep.CutAt("x", edges=[0.25], labels=["low", "high"])
    cells: ClassVar[Cells] = {"x": NUMBERS["x"]}
    sample: ClassVar[dict[str, list[Any]]] = {"x": SAMPLE["x"]}
    unseen: ClassVar[dict[str, Any]] = {"x": -3e12}


class TestBinarise(Numeric):
    operator = prep.Binarise("x", "Year", threshold="median")


class TestEqualCells(Numeric):
    operator = prep.EqualCells("x", "Year", into="cell", strips=3, parts=2)


class TestMdlp(OperatorContract):
    """Its target is made of a column of its own here."""

    operator = prep.Mdlp("x")
    cells: ClassVar[Cells] = {"x": (pl.Float64(), st.sampled_from([0.0, 1.0, 2.0, 3.0, float("inf"), float("nan")]))}
    sample: ClassVar[dict[str, list[Any]]] = {"x": [1.0, None, 1.0, 2.0, 9.0, 9.0]}
    unseen: ClassVar[dict[str, Any]] = {"x": -3e12}

    def fitted(self, *frames: pl.DataFrame) -> Preparation:
        classes = (pl.col("x").fill_nan(None) > 1.5).alias("class")
        return fit([self.operator], [frame.with_columns(classes) for frame in frames], target="class")

    def test_another_process_learns_the_same_bytes(self) -> None:
        """The other process of the contract gives no target; the same bytes are shown in this one."""
        frame = pl.DataFrame(self.sample)
        assert self.fitted(frame).to_bytes() == self.fitted(frame[:2], frame[2:]).to_bytes()
