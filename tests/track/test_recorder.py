"""What is gathered is written once, whoever writes and whatever fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from instar.base.errors import BadInput, Conflict
from instar.store import Store
from instar.store.protocols import Metrics
from instar.store.records import Metric, Param, Record, Series, SeriesPage, SeriesState
from instar.store.sql.database import StoreBusy
from instar.track import get_run, run, runs

LOGGING = """
import sys
from instar.store import open_store
from instar.track import run
store = open_store(sys.argv[1])
for number in range(5):
    with run(f"{sys.argv[2]}-{number}", store=store) as one:
        for step in range(1000):
            one.log_metrics(loss=step, step=step)
"""


class Wrapped:
    """The metrics of a store, passed on as they are."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def append(self, points: Sequence[Metric]) -> None:
        self._metrics.append(points)

    def last(self, runs: Sequence[str]) -> dict[str, dict[str, Metric]]:
        return self._metrics.last(runs)

    def history(
        self, run: str, key: str, after: tuple[int, int] | None = None, points: int | None = None
    ) -> list[Metric]:
        return self._metrics.history(run, key, after, points)

    def points(
        self, series: Sequence[Series], after: Mapping[str, tuple[int, int]] = {}, limit: int = 20_000
    ) -> list[Metric]:
        return self._metrics.points(series, after, limit)

    def since(self, cursor: str = "", limit: int = 1000) -> SeriesPage:
        return self._metrics.since(cursor, limit)

    def states(self, series: Sequence[Series], until: Mapping[str, tuple[int, int]] = {}) -> list[SeriesState]:
        return self._metrics.states(series, until)


class BusyOnce(Wrapped):
    """The metrics of a store that is busy at the first write."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._busy = True

    def append(self, points: Sequence[Metric]) -> None:
        if self._busy:
            self._busy = False
            raise StoreBusy("here", 30.0)
        self._metrics.append(points)


def test_what_could_not_be_written_is_written_by_the_next_flush(store: Store) -> None:
    store.metrics = BusyOnce(store.metrics)
    with run("baseline", store=store) as one:
        for step in range(10):
            one.log_metrics(loss=step, step=step)
        with pytest.raises(StoreBusy):
            one.flush()
        one.flush()
    found = get_run(one.id, store)
    assert [point.value for point in found.history("loss")] == [float(step) for step in range(10)]
    assert found.status == "finished"


def test_processes_that_log_into_one_store_at_once_lose_nothing(store: Store) -> None:
    command = [sys.executable, "-c", LOGGING, str(store.folder)]
    processes = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [process.wait(120) for process in processes] == [0, 0]
    found = runs(store=store)
    assert len(found) == 10
    assert {one.status for one in found} == {"finished"}
    assert all(len(one.history("loss")) == 1000 for one in found)


def test_a_buffer_that_is_full_is_written_before_the_run_ends(store: Store) -> None:
    """Another flush may be under way meanwhile; what waits in memory stays bounded."""
    from instar.track.recorder import FULL, recorder

    with run("long", store=store) as one:
        for step in range(FULL + 1):
            one.log_metrics(loss=step, step=step)
        assert len(recorder(store)._points) < FULL
    assert len(store.metrics.history(one.id, "loss")) == FULL + 1


class RefusesOne(Wrapped):
    """The metrics of a store that refuses every batch with the metric ``bad``, as a stricter server might."""

    def append(self, points: Sequence[Metric]) -> None:
        if any(point.key == "bad" for point in points):
            raise BadInput("metric 'bad' is not wanted here")
        self._metrics.append(points)


def test_what_the_store_refuses_is_raised_to_its_run_only_and_the_rest_is_kept(store: Store) -> None:
    store.metrics = RefusesOne(store.metrics)
    other, bad = run("other", store=store).start(), run("bad", store=store).start()
    for step in range(20):
        other.log_metrics(loss=step)
        bad.log_metrics(loss=step)
    bad.log_metrics(bad=1)
    other.log_metrics(loss=20)
    other.end()
    with pytest.raises(BadInput, match="not wanted here"):
        bad.flush()
    bad.log(after="all is well")
    bad.end()
    assert len(get_run(other.id, store).history("loss")) == 21
    found = get_run(bad.id, store)
    assert (len(found.history("loss")), found.status, found.params) == (20, "finished", {"after": "all is well"})
    assert "bad" not in found.metrics


def test_a_parameter_that_another_process_logged_otherwise_is_dropped_and_raised(store: Store) -> None:
    with run("first", store=store) as first:
        first.flush()
        store.nodes.put([Record(params=(Param(first.id, "lr", "0.1", 0.1),))])
        first.log(lr=0.2)
        first.log(depth=3)
        with pytest.raises(Conflict, match="lr"):
            first.flush()
    with run("second", store=store) as second:
        second.log(lr=0.3)
    assert get_run(first.id, store).params == {"lr": "0.1", "depth": "3"}
    assert get_run(second.id, store).params == {"lr": "0.3"}
