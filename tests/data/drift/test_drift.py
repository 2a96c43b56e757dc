"""Drift: the measures beside scipy's, and what is told of two tables."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from instar.data.datasets.dataset import import_data
from instar.data.drift.drift import BINS, OTHER, Drift, drift
from instar.data.drift.measures import jensen_shannon, population_stability
from instar.store import Store

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("shift", [0.0, 0.3, 3.0])
def test_the_measures_are_those_of_scipy(shift: float) -> None:
    one, two = RANDOM.normal(size=500), RANDOM.normal(size=400) + shift
    found = drift(pl.DataFrame({"x": one}), pl.DataFrame({"x": two}))["x"]
    assert found.ks == pytest.approx(ks_2samp(one, two).statistic, abs=1e-12)
    before, after = [each.before for each in found.bins], [each.after for each in found.bins]
    assert before == [50.0] * BINS
    assert sum(after) == 400
    assert found.js == pytest.approx(jensenshannon(before, after, base=2), abs=1e-12)
    p, q = np.array(before) / 500, np.maximum(after, 0.5) / np.maximum(after, 0.5).sum()
    assert found.psi == pytest.approx(((q - p) * np.log(q / p)).sum(), abs=1e-12)


def test_with_many_rows_in_many_chunks_the_statistic_stays_within_its_guarantee(store: Store) -> None:
    one, two = RANDOM.gamma(2, size=20_000), RANDOM.gamma(2.2, size=20_000)
    versions = [import_data("t", pl.DataFrame({"x": side}), chunk_rows=3000, store=store) for side in (one, two)]
    found = versions[0].drift(versions[1])["x"]
    assert found.ks == pytest.approx(ks_2samp(one, two).statistic, abs=1 / 512)
    assert all(abs(each.before / 20_000 - 1 / BINS) <= 2 / 512 for each in found.bins)


def test_categories_are_compared_by_their_commonest_values_and_all_others() -> None:
    one = pl.DataFrame({"city": [f"c{n % 30:02}" for n in range(600)]})
    found = drift(one, pl.DataFrame({"city": ["c00"] * 50 + ["new"] * 50}))["city"]
    assert (found.kind, found.ks, found.bins[-1].name) == ("category", None, OTHER)
    assert (found.bins[0].name, found.bins[0].before, found.bins[0].after) == ("c00", 20, 50)
    assert (found.bins[-1].before, found.bins[-1].after) == (200, 50)
    assert found.moved == "moved strongly"


def test_equal_tables_do_not_drift_and_order_and_chunks_do_not_matter(store: Store) -> None:
    frame = pl.DataFrame({"x": list(range(300)), "flag": [0, 1] * 150, "word": ["a", "b", None] * 100})
    version = import_data("t", frame, chunk_rows=70, store=store)
    found = version.drift(frame.reverse())
    assert {(each.psi, each.js, each.ks or 0.0) for each in found.columns} == {(0.0, 0.0, 0.0)}
    assert found.findings == ()
    assert "Nothing moved" in str(found)
    assert "Nothing moved" in found.to_html()


def test_a_flag_and_a_constant_are_seen_to_move() -> None:
    one = pl.DataFrame({"flag": [0] * 90 + [1] * 10, "same": [5] * 100, "yes": [True] * 100})
    two = pl.DataFrame({"flag": [0] * 10 + [1] * 90, "same": [6] * 100, "yes": [False] * 100})
    found = drift(one, two)
    assert [each.moved for each in found.columns] == ["moved strongly"] * 3
    assert [(each.name, each.after) for each in found["same"].bins] == [("less", 0), ("5", 0), ("greater", 100)]


def test_the_bins_at_the_ends_are_open_and_called_so() -> None:
    found = drift(pl.DataFrame({"x": range(100)}), pl.DataFrame({"x": [-5.0, 500.0]}))["x"]
    assert (found.bins[0].name.split()[0], found.bins[0].after) == ("up", 1.0)
    assert (found.bins[-1].name.split()[0], found.bins[-1].after) == ("above", 1.0)


def test_the_schema_the_missing_values_and_what_moved_are_told_in_words() -> None:
    one = pl.DataFrame({"gone": [1], "x": [1], "y": ["1"], "z": [1.0]}).vstack(
        pl.DataFrame({"gone": [1] * 99, "x": list(range(99)), "y": ["1"] * 99, "z": [2.0] * 99})
    )
    two = pl.DataFrame({"x": list(range(200, 300)), "y": [1] * 100, "z": [None] * 50 + [2.0] * 50, "new": [1] * 100})
    found = drift(one, two)
    assert (found.added, found.removed, found.retyped) == (("new",), ("gone",), {"y": ("string", "int64")})
    assert found.findings[:3] == ("new is new", "gone is gone", "y is int64, and was string")
    assert "x: PSI 4." in found.findings[3]
    assert "moved strongly, the median from 48.5 to 249.5" in found.findings[3]
    assert found.findings[-1] == "z: missing in 0.0% before and 50.0% after"
    assert msgspec.convert({k: v for k, v in found.to_dict().items() if k != "findings"}, Drift) == found


@pytest.mark.parametrize("empty", ["before", "after", "both"])
def test_a_table_without_rows_drifts_nowhere(empty: str) -> None:
    full = pl.DataFrame({"x": [1.0, float("inf"), float("nan")], "w": ["a", "b", None], "l": [[1], [2], None]})
    one, two = (full.clear() if empty in (side, "both") else full for side in ("before", "after"))
    found = drift(one, two)
    assert [(each.name, each.psi, each.bins) for each in found.columns] == [("w", 0.0, ()), ("x", 0.0, ())]
    assert found.to_html()


def test_few_rows_do_not_move_by_chance() -> None:
    names = [f"tt{n}" for n in range(900)]
    found = drift(pl.DataFrame({"id": names[:800]}), pl.DataFrame({"id": names[790:840]}))["id"]
    assert 0.1 < found.psi < found.by_chance
    assert found.moved == "steady"


def test_a_second_comparison_of_versions_reads_no_chunk(store: Store) -> None:
    one = import_data("t", pl.DataFrame({"x": [1, 2]}), store=store)
    two = import_data("t", pl.DataFrame({"x": [2, 3]}), store=store)
    first = one.drift(two)
    for chunk in (*one.chunks, *two.chunks):
        store.blobs.delete(chunk.file)
    assert one.drift(two) == first


def test_measures_of_nothing_are_0() -> None:
    assert population_stability([], []) == jensen_shannon([0, 0], [1, 2]) == 0.0
