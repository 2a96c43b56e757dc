"""Tracking, beside MLflow's client on its own SQLite store in the same process.

(a) 100,000 metric points, logged one by one from one script, durable when the run ends.
(b) starting and ending a run, from the second one in a process.

MLflow is given fewer points, since its rate does not depend on how many (5,000 in log_batch calls of 1,000, 200 one by
one); rates are compared, not durations.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.figures import Sample, compare, peer_missing, percentile, print_machine, print_table, verdict

import instar
from instar.store import Store

POINTS = 100_000
RUNS = 100


def points_a_second(store: Store) -> float:
    """Log one by one, and end the run: all is on disk then."""
    start = time.perf_counter()
    with instar.run("points", store=store) as run:
        for step in range(POINTS):
            run.log_metrics(loss=1.0 / (step + 1), step=step)
    rate = POINTS / (time.perf_counter() - start)
    written = len(store.metrics.history(run.id, "loss"))
    assert written == POINTS, f"{written} of {POINTS} points were written"
    return rate


def milliseconds_a_run(store: Store) -> float:
    """The median of starting and ending a run with one parameter."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        with instar.run("short", store=store) as run:
            run.log(lr=0.1)
        taken.append((time.perf_counter() - start) * 1000)
    return percentile(taken, 0.5)


class Peer:
    """MLflow's client on ``sqlite:///``; its own code, its own defaults."""

    def __init__(self, folder: Path) -> None:
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        self._metric: Callable[..., Any] = Metric
        self._param: Callable[..., Any] = Param
        self._client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
        self._experiment = self._client.create_experiment("bench", artifact_location=str(folder / "artifacts"))

    def in_batches(self) -> float:
        """Points a second by log_batch, 1,000 a call: the most that a call takes."""
        run = self._client.create_run(self._experiment).info.run_id
        start = time.perf_counter()
        for first in range(0, 5_000, 1_000):
            points = [self._metric("loss", 0.5, int(time.time() * 1000), first + i) for i in range(1_000)]
            self._client.log_batch(run, metrics=points)
        self._client.set_terminated(run)
        return 5_000 / (time.perf_counter() - start)

    def one_by_one(self) -> float:
        run = self._client.create_run(self._experiment).info.run_id
        start = time.perf_counter()
        for step in range(200):
            self._client.log_metric(run, "loss", 0.5, step=step)
        self._client.set_terminated(run)
        return 200 / (time.perf_counter() - start)

    def milliseconds_a_run(self) -> float:
        taken = []
        for _ in range(20):
            start = time.perf_counter()
            run = self._client.create_run(self._experiment).info.run_id
            self._client.log_batch(run, params=[self._param("lr", "0.1")])
            self._client.set_terminated(run)
            taken.append((time.perf_counter() - start) * 1000)
        return percentile(taken, 0.5)


def measure(folder: Path) -> tuple[dict[str, Sample], dict[str, Sample]]:
    """Points a second, and milliseconds a run."""
    store = instar.open_store(folder / "store")
    points: dict[str, Callable[[], float]] = {"instar, one by one": lambda: points_a_second(store)}
    runs: dict[str, Callable[[], float]] = {"instar": lambda: milliseconds_a_run(store)}
    if find_spec("mlflow") is not None:
        peer = Peer(folder)
        points |= {"mlflow, log_batch of 1,000": peer.in_batches, "mlflow, one by one": peer.one_by_one}
        runs["mlflow"] = peer.milliseconds_a_run
    else:
        peer_missing("MLflow", "`python3 dev.py bench track` installs it into an environment of its own")
    return compare(points), compare(runs)


def main() -> None:
    print_machine()
    with tempfile.TemporaryDirectory() as folder:
        points, runs = measure(Path(folder))
    print_table("metric points, durable", points, "points/s")
    print_table("starting and ending a run, with one parameter", runs, "ms")
    if "mlflow" in runs:
        ours = points["instar, one by one"].median
        print(
            f"\nagainst MLflow in process on SQLite: points {ours / points['mlflow, log_batch of 1,000'].median:,.0f}x its "
            f"log_batch and {ours / points['mlflow, one by one'].median:,.0f}x its log_metric; "
            f"runs {runs['mlflow'].median / runs['instar'].median:,.1f}x"
        )
    print()
    verdict("metric points/s", points["instar, one by one"].median, at_least=100_000)
    verdict("start and end of a run, ms", runs["instar"].median, at_most=5)


if __name__ == "__main__":
    main()
