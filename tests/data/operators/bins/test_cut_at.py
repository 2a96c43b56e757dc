"""Bins by given edges, and thresholds."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.data.preparing.fitting import fit

ROWS = pl.DataFrame({"x": [None, float("nan"), float("-inf"), 0.0, 1.0, 1.5, float("inf")]})


def test_a_value_at_an_edge_is_in_the_bin_above_and_missing_stays_missing() -> None:
    coded = fit([prep.CutAt("x", edges=(0, 1))], [ROWS]).apply(ROWS).frame["x"]
    assert coded.to_list() == [None, None, 0, 1, 2, 2, 2]
    assert coded.dtype == pl.UInt8


def test_labels_are_words_and_explained() -> None:
    preparation = fit([prep.CutAt("x", edges=(1,), labels=("little", "much"))], [ROWS])
    assert preparation.apply(ROWS).frame["x"].to_list() == [None, None, "little", "little", "much", "much", "much"]
    assert preparation.explain() == "x: 2 bins by given edges: little (below 1), much (from 1)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edges": (2, 1)}, "edge 1 follows 2; give the edges in ascending order"),
        ({"edges": (1, 1)}, "edge 1 is given twice"),
        ({"edges": (1, float("inf"))}, "inf is no finite number; the outer bins are open"),
        ({"edges": ()}, "is not a list of 1 to"),
        ({"edges": "12"}, "is not a list of 1 to"),
        ({"edges": ("1",)}, "'1' is no finite number"),
        ({"edges": (1,), "labels": ("a",)}, "1 edges make 2 bins, and 1 labels are given"),
        ({"edges": (1,), "labels": ("a", "a")}, "are not different words"),
    ],
)
def test_contradictory_edges_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        prep.CutAt("x", **options)


def test_text_is_refused_before_any_row_is_read() -> None:
    with pytest.raises(WrongType, match="CutAt"):
        fit([prep.CutAt("x", edges=(1,))], [pl.DataFrame({"x": ["a"]})])


@pytest.mark.parametrize(
    ("threshold", "expected", "words"),
    [
        (1.0, [None, None, 0, 0, 0, 1, 1], "x: 1 above 1, else 0"),
        ("mean", [None, None, 0, 0, 1, 1, 1], "x: 1 above the mean, 0.833333, else 0"),
        ("median", [None, None, 0, 0, 0, 1, 1], "x: 1 above the median, 1, else 0"),
    ],
)
def test_binarise(threshold: Any, expected: list[int | None], words: str) -> None:
    preparation = fit([prep.Binarise("x", threshold=threshold)], [ROWS])
    assert preparation.apply(ROWS).frame["x"].to_list() == expected
    assert preparation.explain() == words


def test_nothing_is_above_a_threshold_that_was_never_learned() -> None:
    preparation = fit([prep.Binarise("x", threshold="mean")], [pl.DataFrame({"x": [None]}, schema={"x": pl.Float64})])
    assert preparation.apply(ROWS).frame["x"].to_list() == [None, None, 0, 0, 0, 0, 0]
    assert preparation.explain() == "x: always 0, since no value was seen"


@pytest.mark.parametrize("threshold", ["mode", None, True])
def test_a_threshold_that_is_none_is_refused(threshold: Any) -> None:
    with pytest.raises(BadInput, match="neither a number nor"):
        prep.Binarise("x", threshold=threshold)
