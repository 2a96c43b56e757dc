"""Table steps as verbs of a dataflow: streamed, the same for every chunking, and honest to the leak check."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

from instar import prep, steps
from instar.base.errors import BadInput, ColumnMissing
from instar.base.schema import Schema
from instar.data.datasets.dataset import import_data
from instar.data.datasets.writing import ChunkWriter
from instar.data.rules import Between
from instar.data.sql import sql
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step
from instar.flow.dataflow import Dataflow
from instar.flow.table import Model, Table
from instar.models.evidence import Check
from instar.models.registry import publish
from instar.store import Store, open_store

ROWS = 120
DRAW = np.random.default_rng(4)
RAIN = pl.DataFrame(
    {
        "number": np.arange(ROWS),
        "town": DRAW.choice(["Bergen", "Oslo", "Voss"], ROWS),
        "day": np.arange(ROWS) // 3,
        "mm": [None if DRAW.random() < 0.2 else float(each) for each in DRAW.gamma(2.0, 3.0, ROWS)],
        "wet": DRAW.random(ROWS),
    }
)
VERBS: dict[str, Callable[[Table], Table]] = {
    "distinct": lambda rain: rain.distinct(["town", "day"], keep="last"),
    "sample": lambda rain: rain.sample(share=0.3, seed=2),
    "sample_by": lambda rain: rain.sample(rows=5, by="town"),
    "lags": lambda rain: rain.lags("mm", lags=[1, 3], leads=1, by="town", time="day"),
    "window": lambda rain: rain.window("mm", rows=4, statistics=["mean", "std"], by="town"),
    "window_last": lambda rain: rain.window("mm", last=5, statistics="max", time="day"),
    "fill_forward": lambda rain: rain.fill_forward("mm", by="town", limit=2),
    "fill_backward": lambda rain: rain.fill_backward("mm"),
    "pivot": lambda rain: rain.pivot("town", "mm", into=["Oslo", "Bergen"], by="day", combine="mean", rest="leave"),
    "unpivot": lambda rain: rain.unpivot(["mm", "wet"]),
    "graph_features": lambda rain: rain.graph_features("number", "day"),
    "drop_outliers": lambda rain: rain.drop_outliers("mm", share=0.1)[0],
    "dropped": lambda rain: rain.drop_outliers("mm", above=9.0)[1],
    "drop_columns": lambda rain: rain.drop_columns("wet", "town"),
}


def rain_of(store: Store, frame: pl.DataFrame = RAIN, chunk_rows: int = 7) -> Table:
    version = import_data("rain", frame, store=store, chunk_rows=chunk_rows)
    return Dataflow("rain", store=store).source("rain", version)


def run(table: Table, want: Mapping[str, Any]) -> Any:
    assert isinstance(table.flow, Dataflow)
    return table.flow.run(want=dict(want))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, pl.DataFrame]]:
    """What each verb gives of a table in chunks of seven rows, and in one."""
    results = []
    for chunk_rows in (7, 1000):
        rain = rain_of(open_store(str(tmp_path_factory.mktemp("store"))), chunk_rows=chunk_rows)
        results.append(run(rain, {name: verb(rain) for name, verb in VERBS.items()}))
    return results


@pytest.mark.parametrize("verb", VERBS)
def test_many_small_chunks_give_what_one_gives(verb: str, both: list[Mapping[str, pl.DataFrame]]) -> None:
    small, whole = (result[verb] for result in both)
    assert small.height
    assert small.equals(whole)


@pytest.mark.parametrize("verb", VERBS)
def test_the_schema_is_known_before_the_run(store: Store, verb: str, both: list[Mapping[str, pl.DataFrame]]) -> None:
    assert list(VERBS[verb](rain_of(store)).schema.names) == both[0][verb].columns


def test_a_wrong_column_is_an_error_at_its_line(store: Store) -> None:
    rain = rain_of(store)
    with pytest.raises(ColumnMissing, match="Window: the input has no column 'm'; did you mean 'mm'"):
        rain.window("m", rows=2)
    with pytest.raises(BadInput, match=r"give share=… .* or rows=…"):
        rain.sample()


def test_a_step_of_several_tables_is_asked_for_all_of_them(store: Store) -> None:
    rain = rain_of(store)
    with pytest.raises(BadInput, match=r"gives the tables out, dropped; take them all: .*through_all"):
        rain.through(steps.DropOutliers("mm", above=9.0))
    kept, dropped = rain.through_all(steps.DropOutliers("mm", above=9.0))
    assert (kept.port, dropped.port) == ("out", "dropped")


def test_progress_of_a_step_is_told_chunk_by_chunk_and_pass_by_pass(store: Store) -> None:
    rain = rain_of(store, chunk_rows=30)
    told: list[tuple[str, int, int]] = []
    assert isinstance(rain.flow, Dataflow)
    rain.flow.run(want={"some": rain.sample(rows=5)}, progress=lambda label, done, of: told.append((label, done, of)))
    assert [each for each in told if each[0] == "sample rain"] == [("sample rain", at, 4) for at in (1, 2, 3, 4)]
    assert ("sample rain, pass 2", 4, 4) in told


def test_a_step_that_fails_in_the_middle_leaves_nothing_of_its_tables_on_record(store: Store) -> None:
    rain = rain_of(store)
    with pytest.raises(BadInput, match="breaks the rule"):
        run(rain, {"kept": rain.check(Between("number", 0, 100).stop())[0].write("kept")})
    assert sql("SELECT count(*) AS n FROM catalogue.node WHERE name = 'check'", store=store)["n"].to_list() == [0]
    good = rain.check(Between("number", 0, 1000).stop())[0]
    assert run(rain, {"kept": good})["kept"].height == ROWS


def test_two_tables_of_one_step_go_their_own_ways(store: Store) -> None:
    rain = rain_of(store)
    kept, dropped = rain.drop_outliers("mm", above=9.0)
    assert (kept.name, dropped.name) == ("rain", "dropped")
    by_town = dropped.group_by("town", pl.len().alias("rows"))
    result = run(rain, {"kept": kept.select("number"), "by_town": by_town, "dropped": dropped})
    assert result["by_town"]["rows"].sum() == result["dropped"].height == (RAIN["mm"] > 9).sum()
    assert result["kept"].height == ROWS - result["dropped"].height
    assert "reason" not in kept.schema


def test_what_a_step_tells_is_on_record_and_running_again_does_nothing(store: Store) -> None:
    rain = rain_of(store)
    filled = rain.fill_forward("mm").write("filled")
    first, again = (run(rain, {"filled": filled})["filled"] for _ in range(2))
    assert first == again
    done = [one for one in store.nodes.ancestors(first.id).of_kind("activity") if one.name == "fill_forward"]
    assert len(done) == 1
    assert done[0].doc["told"]["filled"]["mm"] == RAIN["mm"].null_count() - done[0].doc["told"]["left_missing"]["mm"]
    assert done[0].doc["rows"] == {"out": ROWS}
    assert done[0].doc["across_rows"] is True


def test_a_table_without_rows_goes_through_every_verb(store: Store) -> None:
    rain = rain_of(store)
    nothing = rain.filter(pl.col("number") < 0)
    result = run(rain, {name: verb(nothing) for name, verb in VERBS.items()})
    for name, verb in VERBS.items():
        assert (result[name].height, tuple(result[name].columns)) == (0, verb(nothing).schema.names)


# Leaks


def judge(rain: Table, seen: Table, unseen: Table, *features: str) -> dict[str, Check]:
    model: Model = seen.train(LinearRegression(), seen.fit(*(prep.Impute(name) for name in features)), target="wet")
    result = run(rain, {"model": model, "report": model.evaluate(unseen)})
    version = publish(result["model"], "rain")
    return {check.name: check for check in version.homologate(checks=["leak", "disjoint"]).checks}


@pytest.mark.parametrize("verb", ["window", "lags", "fill_forward", "fill_backward", "drop_outliers", "density"])
def test_steps_that_look_across_rows_are_refused_above_the_split(store: Store, verb: str) -> None:
    rain = rain_of(store)
    above = VERBS[verb](rain) if verb in VERBS else rain.through(steps.DensitySample("town", rows=60, weights="chance"))
    seen, unseen = above.split(seen=0.7, unseen=0.3, by="number")
    check = judge(rain, seen, unseen, "mm")["leak"]
    assert check.verdict == "failed"
    assert (verb if verb in VERBS else "density_sample") in check.text


def test_steps_that_only_move_rows_may_lie_above_the_split(store: Store) -> None:
    rain = rain_of(store)
    moved = rain.distinct("number").sample(share=0.9).sample(share=0.9, by="town").drop_columns("town")
    kept = moved.drop_outliers("mm", above=20.0)[0]
    seen, unseen = kept.split(seen=0.7, unseen=0.3, by="number")
    assert {check.verdict for check in judge(rain, seen, unseen, "mm").values()} == {"passed"}


def test_below_the_split_rows_keep_their_digests_through_every_step(store: Store) -> None:
    rain = rain_of(store)
    seen, unseen = rain.split(seen=0.6, unseen=0.4, by="number")
    seen, unseen = (
        side.fill_forward("mm").lags("mm").window("mm", rows=3).sample(share=0.9) for side in (seen, unseen)
    )
    checks = judge(rain, seen, unseen, "mm_lag_1", "mm_mean_3")
    assert {name: check.verdict for name, check in checks.items()} == {"leak": "passed", "disjoint": "passed"}


# Memory


@table_step("watch")
@dataclass(frozen=True)
class Watch(TableStep):
    """Gives the table as it is, and tells how many of its chunks were alive at once."""

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        return {"out": schema}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        alive: list[weakref.ref[pl.DataFrame]] = []
        told["most"] = 0
        for frame in tables["table"]():
            alive.append(weakref.ref(frame))
            told["most"] = max(told["most"], sum(one() is not None for one in alive))
            yield {"out": frame}


def test_a_step_streams_its_chunks_through_to_the_store(store: Store) -> None:
    frame = pl.DataFrame({"x": np.arange(300_000)})
    rain = rain_of(store, frame, chunk_rows=10_000)
    watched = rain.through(Watch())
    version = run(rain, {"kept": watched.write("kept")})["kept"]
    doc = next(one.doc for one in store.nodes.ancestors(version.id).of_kind("activity") if one.name == "watch")
    assert doc["told"]["most"] <= 8  # those of one full chunk of 65,536 rows, and the next
    assert version.to_polars().equals(frame)


@pytest.mark.parametrize("pieces", [[], [0], [5], [70_000, 0, 1, 70_000], [65_536], [1] * 50])
def test_pieces_of_any_size_become_full_chunks(store: Store, pieces: list[int]) -> None:
    writer = ChunkWriter(store, {"x": pl.Int64()})
    rows = pl.DataFrame({"x": np.arange(sum(pieces))})
    at = 0
    for size in pieces:
        writer.add(rows[at : at + size])
        at += size
    chunks = writer.done()
    full, rest = divmod(sum(pieces), 65_536)
    assert [chunk.rows for chunk in chunks] == [65_536] * full + ([rest] if rest or not full else [])


def test_no_step_of_the_catalogue_is_forgotten() -> None:
    files = {path.stem for path in Path(steps.__file__).parent.joinpath("data", "steps").glob("*.py")}
    assert {"distinct", "window", "lags"} <= files
    named: dict[str, Any] = {name: getattr(steps, name) for name in steps.__all__}
    from instar.data.steps import STEPS

    ours = {STEPS[name] for name in STEPS.names() if STEPS[name].__module__.startswith("instar.")}
    assert ours <= set(named.values())
