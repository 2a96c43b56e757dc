"""Supervised bins against cases computed by hand and a plain writing of the definition."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar import prep
from instar.base.errors import BadInput
from instar.data.operators.bins.mdlp import Informeds
from instar.data.preparing.fitting import fit


def edges_of(rows: pl.DataFrame, *cuts: int) -> list[float]:
    ends = [0, *cuts, rows.height]
    chunks = [rows[start:end] for start, end in pairwise(ends)]
    [state] = fit([prep.Mdlp("x")], chunks, target="class").states
    assert isinstance(state, Informeds)
    return list(state.columns["x"].edges)


def plain(pairs: list[tuple[float, str]]) -> list[float]:
    """Fayyad and Irani, row by row."""

    def entropy(part: list[tuple[float, str]]) -> float:
        counts = Counter(word for _, word in part)
        return -sum(n / len(part) * math.log2(n / len(part)) for n in counts.values())

    values = sorted({value for value, _ in pairs})
    best = None
    for low, high in pairwise(values):
        left, right = [p for p in pairs if p[0] <= low], [p for p in pairs if p[0] > low]
        kept = (len(left) * entropy(left) + len(right) * entropy(right)) / len(pairs)
        if best is None or kept < best[0] - 1e-12:
            best = (kept, (low + high) / 2, left, right)
    if best is None:
        return []
    kept, edge, left, right = best
    k, k1, k2 = (len({word for _, word in part}) for part in (pairs, left, right))
    delta = math.log2(3**k - 2) - (k * entropy(pairs) - k1 * entropy(left) - k2 * entropy(right))
    if entropy(pairs) - kept <= (math.log2(len(pairs) - 1) + delta) / len(pairs):
        return []
    return [*plain(left), edge, *plain(right)]


def test_the_case_computed_by_hand() -> None:
    """8 rows, two pure halves: E = 1, gain 1; cost (log2 7 + log2 7 - 2)/8 = 0.452 < 1: the middle is cut, and no more."""
    rows = pl.DataFrame({"x": [1, 2, 3, 4, 7, 8, 9, 10], "class": list("aaaabbbb")})
    assert edges_of(rows) == [5.5]
    assert edges_of(rows, 3, 5) == [5.5]


def test_a_cut_that_does_not_pay_is_not_made() -> None:
    """4 rows: gain 1, cost (log2 3 + log2 7 - 2)/4 = 0.598 < 1 pays; a, b, a, b: gain 0.311 does not."""
    assert edges_of(pl.DataFrame({"x": [1, 2, 3, 4], "class": list("aabb")})) == [2.5]
    preparation = fit([prep.Mdlp("x")], [pl.DataFrame({"x": [1, 2, 3, 4], "class": list("abab")})], target="class")
    assert preparation.explain() == "x: 1 bin, since no cut tells enough of the target (4 rows)"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), min_size=2, max_size=40), st.integers(0, 40))
def test_it_is_the_definition_for_every_chunking(pairs: list[tuple[int, str]], cut: int) -> None:
    rows = pl.DataFrame({"x": [float(value) for value, _ in pairs], "class": [word for _, word in pairs]})
    ordered = [(float(value), word) for value, word in pairs]
    found = edges_of(rows, min(cut, rows.height))
    # Cuts of equal entropy may be taken in another order: what is compared is where no such tie decides.
    if plain(ordered) == plain([(-value, word) for value, word in ordered])[::-1] or not plain(ordered):
        assert found == plain(ordered)


def test_among_many_values_the_cuts_are_near_where_the_classes_change() -> None:
    random = np.random.default_rng(3)
    x = random.random(20_000)
    classes = np.where((x > 0.3) & (x < 0.8), "in", "out")
    rows = pl.DataFrame({"x": x, "class": np.where(random.random(x.size) < 0.1, "out", classes)})
    found = edges_of(rows, 7_000)
    assert min(abs(edge - 0.3) for edge in found) < 1 / 256
    assert min(abs(edge - 0.8) for edge in found) < 1 / 256
    assert len(found) <= 4


def test_rows_without_a_target_or_a_value_are_left_out() -> None:
    rows = pl.DataFrame({"x": [1, 2, None, 3, 4, 9], "class": ["a", "a", "b", "b", "b", None]})
    assert edges_of(rows) == [2.5]


def test_a_target_of_measurements_is_refused() -> None:
    with pytest.raises(BadInput, match="classes of the target, and the target is float64"):
        fit([prep.Mdlp("x")], [pl.DataFrame({"x": [1.0, 2.0], "y": [0.5, 1.5]})], target="y")


def test_without_a_target_it_is_refused() -> None:
    with pytest.raises(BadInput, match="target"):
        fit([prep.Mdlp("x")], [pl.DataFrame({"x": [1.0, 2.0]})])
