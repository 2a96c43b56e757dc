"""One row of each key."""

from __future__ import annotations

from typing import get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.steps import SETTINGS, StepContract
from tests.contracts.summaries import Cells, chunkings

from instar.base.errors import BadInput
from instar.data.steps.distinct import Distinct, Keep, Seen
from instar.data.steps.step import take

CELLS: Cells = {
    "key": (pl.String(), st.sampled_from("abc")),
    "x": (pl.Float64(), st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf")])),
}
SAMPLE = {"table": {"key": [*"abcabca", None, None, "z"], "x": [0.0, 1, 2, 0, 1, 5, 0, 1, 1, 1]}}


class TestDistinctOfAKey(StepContract):
    step = Distinct("key")
    cells = CELLS
    needed = ("key",)
    samples = SAMPLE


class TestTheOnlyRowsOfTheirKey(StepContract):
    step = Distinct(("key", "x"), keep="none")
    cells = CELLS
    samples = SAMPLE


@SETTINGS
@given(st.data())
def test_it_keeps_what_polars_keeps(data: st.DataObject) -> None:
    _, chunks = data.draw(chunkings(CELLS))
    numbered = [chunk.with_columns(place=pl.lit(at)) for at, chunk in enumerate(chunks)]
    for keep in get_args(Keep):
        made = take(Distinct(("key", "x"), keep=keep), *numbered)["out"]
        wanted = pl.concat(numbered).unique(["key", "x"], keep=keep, maintain_order=True)
        assert repr(made.rows()) == repr(wanted.rows())


def test_without_names_whole_rows_are_compared() -> None:
    frame = pl.DataFrame({"a": [1, 1, 1], "b": [1, 2, 1], "__row__": [7, 8, 9]})
    assert take(Distinct(), frame)["out"]["__row__"].to_list() == [7, 8]


def test_more_rows_at_the_end_leave_what_was_kept_before() -> None:
    chunks = [pl.DataFrame({"key": np.arange(at, at + 10) % 17, "x": at}) for at in range(0, 60, 10)]
    before = take(Distinct("key"), *chunks[:3])["out"]
    after = take(Distinct("key"), *chunks)["out"]
    assert after[: before.height].equals(before)
    assert after.height == 17


def test_it_tells_how_many_rows_were_duplicates() -> None:
    told: dict[str, int] = {}
    take(Distinct("key"), pl.DataFrame({"key": [1, 1, 2]}), pl.DataFrame({"key": [2, 3]}), told=told)
    assert told == {"read": 5, "kept": 3, "duplicates": 2}


def test_digests_that_share_their_first_half_are_told_apart() -> None:
    seen = Seen()
    high = np.array([5, 5, 6, 5], dtype=np.uint64)
    low = np.array([1, 2, 1, 1], dtype=np.uint64)
    assert seen.new((high, low)).tolist() == [True, True, True, False]
    assert seen.new((high, np.array([3, 2, 1, 4], dtype=np.uint64))).tolist() == [True, False, False, True]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(BadInput, match="unknown keep 'frist'; use one of first, last, none"):
        Distinct("key", keep="frist")  # type: ignore[arg-type]
