"""Samples: they follow from the seed and the rows, and have the shares that they promise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.steps import StepContract
from tests.contracts.summaries import Cells

from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.rows.frames import schema_of
from instar.data.steps.samples import DecayedSample, DensitySample, Sample, StratifiedSample, WeightedSample
from instar.data.steps.step import take

CELLS: Cells = {
    "key": (pl.String(), st.sampled_from("abc")),
    "x": (pl.Float64(), st.sampled_from([0.0, 0.5, 3.0, 1e9])),
}
SAMPLE = {"table": {"key": [*"abcabca", None, None, "z"], "x": [0.0, 1, 2, 0, 1, 5, 0, 1, None, 1]}}


class Sampling(StepContract):
    cells = CELLS
    samples = SAMPLE


class TestAShare(Sampling):
    step = Sample(share=0.4, seed=3)
    needed = ()


class TestSomeRowsByKey(Sampling):
    step = Sample(rows=4, key="key")
    needed = ("key",)


class TestStratified(Sampling):
    step = StratifiedSample("key", share=0.3, least=2)
    needed = ("key",)


class TestWeighted(Sampling):
    step = WeightedSample("x", rows=3)
    needed = ("x",)


class TestDecayed(Sampling):
    step = DecayedSample("x", rows=3, half_life=2.0)
    needed = ("x",)


class TestByDensity(Sampling):
    step = DensitySample(["key", "x"], rows=5, power=0.5, widths={"x": 1.0}, weights="weight")


ROWS = pl.DataFrame({"n": np.arange(20_000), "key": np.arange(20_000) % 500})


def test_a_share_is_the_share_and_another_seed_draws_others() -> None:
    one, two = (take(Sample(share=0.25, seed=seed), ROWS)["out"]["n"] for seed in (1, 2))
    assert abs(len(one) - 5000) < 250
    assert abs(len(one.filter(one.is_in(two.to_list()))) - 1250) < 150


def test_rows_of_one_key_are_drawn_together_wherever_they_stand() -> None:
    kept = take(Sample(share=0.3, key="key"), ROWS)["out"]
    assert set(kept.group_by("key").len()["len"]) == {40}
    assert set(take(Sample(share=0.3, key="key"), ROWS[::-1])["out"]["n"]) == set(kept["n"])


def test_later_rows_change_nothing_in_a_share() -> None:
    before = take(Sample(share=0.3), ROWS[:5000])["out"]
    assert take(Sample(share=0.3), ROWS)["out"][: before.height].equals(before)


def test_some_rows_are_drawn_evenly() -> None:
    counts = np.zeros(50)
    for seed in range(200):
        counts[take(Sample(rows=10, seed=seed), ROWS[:50])["out"]["n"].to_numpy()] += 1
    assert counts.sum() == 2000
    assert ((counts - 40) ** 2 / 32).sum() < 80  # 49 on average; one in 300 goes so far


def test_rare_strata_are_kept() -> None:
    rows = pl.DataFrame({"town": ["big"] * 1000 + ["small"] * 3 + [None] * 40})
    told: dict[str, Any] = {}
    kept = take(StratifiedSample("town", share=0.1, least=5), rows, told=told)["out"]
    assert dict(kept["town"].value_counts().rows()) == {"big": 100, "small": 3, None: 5}
    assert told["by_stratum"] == {"town=big": [1000, 100], "town=small": [3, 3], "town=None": [40, 5]}
    assert (told["strata"], told["whole"], told["kept"]) == (3, 1, 108)
    assert take(StratifiedSample("town", rows=3), rows)["out"].height == 9


def test_weights_are_the_chances_of_the_first_draw() -> None:
    rows = pl.DataFrame({"w": [1.0, 2.0, 5.0, 0.0, None]})
    drawn = [take(WeightedSample("w", rows=1, seed=seed), rows)["out"]["w"][0] for seed in range(500)]
    assert {weight: round(drawn.count(weight) / 500, 1) for weight in (1.0, 2.0, 5.0)} == {1.0: 0.1, 2.0: 0.2, 5.0: 0.6}
    assert take(WeightedSample("w", rows=9), rows)["out"].height == 3


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
def test_a_weight_that_is_none_is_named(weight: float) -> None:
    rows = pl.DataFrame({"w": [1.0, 2.0, weight]})
    with pytest.raises(BadInput, match=rf"row 2 .* has the w {weight}"):
        take(WeightedSample("w", rows=1), rows[:1], rows[1:])


def test_half_as_many_of_each_half_life_before() -> None:
    start = date(2026, 1, 1)
    rows = pl.DataFrame({"day": [start + timedelta(days=day % 40) for day in range(40_000)]})
    kept = take(DecayedSample("day", rows=400, half_life="10d"), rows)["out"]
    ages = ((kept["day"] - start).dt.total_days() // 10).value_counts().sort("day")
    assert ages["len" if "len" in ages.columns else "count"].to_list() == pytest.approx([27, 53, 107, 213], rel=0.3)


def test_decayed_samples_of_two_tables_merge_into_the_sample_of_both() -> None:
    step = DecayedSample("key", rows=30, half_life=50.0, key="n")
    parts = [take(step, part)["out"] for part in (ROWS[:9000], ROWS[9000:])]
    assert take(step, *parts)["out"].equals(take(step, ROWS)["out"])


def test_dense_cells_give_fewer_rows_and_weights_bring_them_back() -> None:
    rows = pl.DataFrame({"cell": ["a"] * 9000 + ["b"] * 900 + ["c"] * 30})
    told: dict[str, Any] = {}
    kept = take(DensitySample("cell", rows=600, power=1.0, weights="w"), rows, told=told)["out"]
    counts = dict(kept["cell"].value_counts().rows())
    assert counts["c"] == 30
    assert counts["a"] == pytest.approx(285, rel=0.2)
    assert counts["b"] == pytest.approx(285, rel=0.2)
    assert told["expected"] == pytest.approx(600)
    assert kept["w"].sum() == pytest.approx(9930, rel=0.1)


def test_a_sample_larger_than_the_table_is_the_table() -> None:
    for step in (Sample(rows=99), DensitySample("key", rows=99), StratifiedSample("key", rows=99)):
        assert take(step, ROWS[:50])["out"].equals(ROWS[:50])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sample(), "give share=… .* or rows=…"),
        (lambda: Sample(share=1.5), "share=1.5; give a number between 0 and 1"),
        (lambda: Sample(rows=-1), "rows=-1; give a whole number of at least 0"),
        (lambda: Sample(rows=1, seed="x"), "seed='x'; give a whole number"),  # type: ignore[arg-type]
        (lambda: StratifiedSample((), rows=1), "by names no column"),
        (lambda: DecayedSample("x", rows=1, half_life="soon"), "'soon' is no duration"),
        (lambda: DecayedSample("x", rows=1, half_life=0), "give a number above 0"),
        (lambda: DensitySample("x", rows=1, widths={"y": 1.0}), "give a column of by="),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        make()


def test_types_are_checked_before_any_row() -> None:
    schema = schema_of(pl.DataFrame({"day": [date(2026, 1, 1)], "town": ["a"]}))
    with pytest.raises(BadInput, match="'day' is date; give half_life= as a duration"):
        DecayedSample("day", rows=1, half_life=3.0).output(schema)
    with pytest.raises(WrongType, match="'town' is string"):
        WeightedSample("town", rows=1).output(schema)
    with pytest.raises(ColumnMissing, match="Sample: the input has no column 'id'"):
        Sample(rows=1, key="id").output(schema)
