"""Searching runs, beside MLflow's server when its address is given (``--mlflow http://127.0.0.1:5000``).

10,000 and 100,000 runs with 10 parameters and 10 metrics each, written through the public bulk path. The question: one
metric and one parameter filter, ordered by another metric, 100 rows. Each call asks for other values.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Sample, percentile, print_machine, print_table, verdict

from instar.base import clock
from instar.base.ids import event_id
from instar.store import Store, open_store
from instar.store.find.query import parse
from instar.store.records import Metric, Node, Param, Record

KEYS = 10  # parameters, and metrics, of each run
VALUES = 10  # that each parameter takes
CALLS = 200
BATCH = 2_000
ROWS = 100


def fill(store: Store, runs: int) -> float:
    """Runs a second."""
    rng, start, first = random.Random(7), time.perf_counter(), clock.now()
    for begin in range(0, runs, BATCH):
        ids = [event_id() for _ in range(begin, min(runs, begin + BATCH))]
        nodes = tuple(
            Node(id, "run", "", "bench", f"run-{at % 100}", first + begin + at, "ana") for at, id in enumerate(ids)
        )
        params = tuple(
            Param(id, f"p{key}", str(value), float(value))
            for id in ids
            for key, value in enumerate(rng.choices(range(VALUES), k=KEYS))
        )
        store.nodes.put([Record(nodes, params=params)])
        store.metrics.append([Metric(id, f"m{key}", 0, first, rng.random()) for id in ids for key in range(KEYS)])
    return runs / (time.perf_counter() - start)


def question(rng: random.Random) -> str:
    return f"run metric.m1>{0.5 + rng.random() / 10:.3f} param.p3={rng.randrange(VALUES)} order:-metric.m2 limit:{ROWS}"


def milliseconds(ask: Callable[[str], int], calls: int) -> Sample:
    """Of each call; the first few are not counted."""
    rng, taken = random.Random(11), []
    for call in range(calls + 5):
        text = question(rng)
        start = time.perf_counter()
        rows = ask(text)
        if call >= 5:
            taken.append((time.perf_counter() - start) * 1000)
            assert rows == ROWS, f"{text}: {rows} rows"
    return Sample(tuple(taken))


def asking(store: Store) -> Callable[[str], int]:
    return lambda text: len(store.nodes.find(parse(text)))


def counting(store: Store) -> Callable[[str], int]:
    return lambda text: min(ROWS, store.nodes.count(parse(text)))


class Server:
    """``instar up`` on a store, and its client."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "instar", "up", "--port", "0", "--store", str(folder), "--no-token"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"http://[\d.]+:\d+", line):
                self.store = open_store(found[0])
                return
        raise RuntimeError("instar up did not say where it listens")

    def stop(self) -> None:
        self.store.close()
        self._process.terminate()
        self._process.wait(30)


class Peer:
    """MLflow's REST API, filled with as many runs as it is asked about."""

    def __init__(self, address: str, runs: int) -> None:
        self._address = address.rstrip("/")
        name = f"find-{runs}-{socket.gethostname()}-{time.time_ns()}"
        self._experiment = self._call("experiments/create", {"name": name})["experiment_id"]
        rng = random.Random(7)
        for _ in range(runs):
            run = self._call("runs/create", {"experiment_id": self._experiment, "start_time": int(time.time() * 1000)})
            id = run["run"]["info"]["run_id"]  # type: ignore[index]
            params = [{"key": f"p{key}", "value": str(rng.randrange(VALUES))} for key in range(KEYS)]
            metrics = [{"key": f"m{key}", "value": rng.random(), "timestamp": 0, "step": 0} for key in range(KEYS)]
            self._call("runs/log-batch", {"run_id": id, "params": params, "metrics": metrics})

    def ask(self, text: str) -> int:
        found = re.search(r"metric\.m1>(\S+) param\.p3=(\d+)", text)
        assert found is not None
        body = {
            "experiment_ids": [self._experiment],
            "filter": f"metrics.m1 > {found[1]} and params.p3 = '{found[2]}'",
            "order_by": ["metrics.m2 DESC"],
            "max_results": ROWS,
        }
        return len(self._call("runs/search", body)["runs"])  # type: ignore[arg-type]

    def _call(self, path: str, body: dict[str, object]) -> dict[str, object]:
        request = urllib.request.Request(
            f"{self._address}/api/2.0/mlflow/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            found: dict[str, object] = json.load(answer)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs=2, default=[10_000, 100_000], metavar=("FEW", "MANY"))
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--mlflow", metavar="URL", help="Also ask this server of MLflow, filled with FEW runs first.")
    given = parser.parse_args()
    print_machine()
    few, many = given.runs
    taken: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory() as folder:
        for runs in (few, many):
            place = Path(folder) / str(runs)
            with open_store(place) as store:
                print(f"{runs:,} runs: written at {fill(store, runs):,.0f} runs/s", flush=True)
                taken[f"Python, {runs:,} runs"] = milliseconds(asking(store), given.calls)
                taken[f"count, {runs:,} runs"] = milliseconds(counting(store), 20)
            server = Server(place)
            try:
                taken[f"HTTP, {runs:,} runs"] = milliseconds(asking(server.store), given.calls)
            finally:
                server.stop()
        if given.mlflow:
            taken[f"MLflow, {few:,} runs"] = milliseconds(Peer(given.mlflow, few).ask, 20)
    print_table("one metric and one parameter filter, ordered by a metric, 100 rows", taken, "ms")
    p95 = {name: percentile(sample.values, 0.95) for name, sample in taken.items()}
    print()
    verdict(f"find through Python, {few:,} runs, p95 ms", p95[f"Python, {few:,} runs"], at_most=5)
    verdict(f"find through HTTP, {few:,} runs, p95 ms", p95[f"HTTP, {few:,} runs"], at_most=15)
    verdict(
        f"{many:,} runs against {few:,} through Python, p95",
        p95[f"Python, {many:,} runs"] / p95[f"Python, {few:,} runs"],
        at_most=2,
    )
    verdict(
        f"{many:,} runs against {few:,} through HTTP, p95",
        p95[f"HTTP, {many:,} runs"] / p95[f"HTTP, {few:,} runs"],
        at_most=2,
    )


if __name__ == "__main__":
    main()
