"""The store: writing in process, and over HTTP by fifty clients at once.

(a) metric points/s in process, in calls of 1,000, last values kept; each call durable on return.
(b) capture of provenance: activities with their edges, put in groups of 100; microseconds for each.
(c) 50 clients, each sending one point a request to one server on SQLite and waiting until it is durable.
(d) the history of one metric of 100,000 points over HTTP, whole and down-sampled.
(e) `find` over HTTP: a metric and a parameter, among 1,000 runs.
(f) from the start of a server to its first answer, and the memory it has then; beside MLflow's, where it is installed.

Clients of (c) are raw sockets in one process of their own: what is measured is the server.

    python benchmarks/store.py [SHARE]      # of the full sizes, 0.1 for a quick look
"""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from benchmarks.figures import Sample, compare, peer_missing, percentile, print_machine, print_table, verdict

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.ids import content_id, event_id
from instar.store import Store, open_store
from instar.store.find.query import parse
from instar.store.records import Edge, Metric, Node, Param, Record

SHARE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
CLIENTS = 50
POINTS = 100_000  # of one history


def sized(number: int) -> int:
    return max(1, int(number * SHARE))


class Server:
    """``instar up`` of a store, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "instar", "up", "--no-serve", "--store", str(folder), "--port", "0"]
        started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[4].rstrip(",")
        self.port = int(self.url.rpartition(":")[2])
        self.token = (folder / "token").read_text().strip()
        first_answer(self.port, "/api/v1/health")
        self.seconds_to_answer = time.perf_counter() - started

    @property
    def megabytes(self) -> float:
        return resident(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def first_answer(port: int, path: str) -> None:
    """Ask until there is an answer."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()


def resident(pid: int) -> float:
    """Megabytes of memory of a process and its children."""
    pids, total = [pid], 0.0
    while pids:
        each = pids.pop()
        status = Path(f"/proc/{each}/status").read_text()
        total += int(status.partition("VmRSS:")[2].split()[0]) / 1024
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            pids += map(int, children.read_text().split())
    return total


# in process


def points_a_second(store: Store) -> float:
    run, count = event_id(), sized(POINTS)
    start = time.perf_counter()
    for first in range(0, count, 1000):
        store.metrics.append([Metric(run, "loss", first + i, first + i, 0.5) for i in range(min(1000, count - first))])
    rate = count / (time.perf_counter() - start)
    assert len(store.metrics.history(run, "loss")) == count
    return rate


def microseconds_a_task(store: Store) -> float:
    """Each activity reads a content, was informed by the one before, and gives a content."""
    count = sized(10_000)
    before, read = Node(event_id(), "activity"), content(event_id())
    store.nodes.put([Record((before, read), (Edge(read.id, "generated", before.id),))])
    start = time.perf_counter()
    for _ in range(0, count, 100):
        records = []
        for _ in range(100):
            made, task = content(event_id()), Node(event_id(), "activity", "", "p", "map", clock.now(), "ana")
            edges = (
                Edge(task.id, "used", read.id),
                Edge(task.id, "informed", before.id),
                Edge(made.id, "generated", task.id),
            )
            records.append(Record((task, made), edges))
            before, read = task, made
        store.nodes.put(records)
    return (time.perf_counter() - start) / count * 1e6


def content(text: str) -> Node:
    digest = digest_bytes(text.encode())
    return Node(content_id("chunk", digest), "chunk", digest)


# fifty clients


class Client(asyncio.Protocol):
    """One client: sends a point, waits for the answer, sends the next."""

    def __init__(self, token: str, count: int, taken: list[float], done: asyncio.Future[None]) -> None:
        self._head = (
            "POST /api/v1/metrics/append HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/msgpack\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: %d\r\n\r\n"
        )
        self._run, self._count, self._taken, self._done, self._step = event_id(), count, taken, done, 0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        body = msgspec.msgpack.encode({"points": [(self._run, "loss", self._step, clock.now(), 0.5)]})
        self._sent = time.perf_counter()
        self._transport.write((self._head % len(body)).encode() + body)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"null"):  # the head came alone
            return
        self._taken.append(time.perf_counter() - self._sent)
        assert self._answer.startswith(b"HTTP/1.1 200"), self._answer
        self._answer = b""
        self._step += 1
        if self._step < self._count:
            self._send()
        else:
            self._transport.close()
            self._done.set_result(None)


def clients(port: int, token: str, each: int) -> tuple[float, list[float]]:
    """All clients until each has sent ``each`` points: seconds, and the time of every request."""
    import uvloop

    async def run() -> tuple[float, list[float]]:
        loop, taken = asyncio.get_running_loop(), list[float]()
        ends = [loop.create_future() for _ in range(CLIENTS)]
        start = time.perf_counter()
        for end in ends:
            await loop.create_connection(lambda end=end: Client(token, each, taken, end), "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.gather(*ends)
        return time.perf_counter() - start, taken

    return uvloop.run(run())


def single_points(server: Server) -> tuple[float, float]:
    """Points a second, and the 99th percentile of a request in milliseconds."""
    each = sized(600)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, taken = pool.apply(clients, (server.port, server.token, each))
    assert len(taken) == CLIENTS * each
    return CLIENTS * each / seconds, percentile(taken, 0.99) * 1000


# one client, through the remote store


def history(server: Server) -> tuple[float, float]:
    """Seconds for all points of a long history, and for 1,000 of them."""
    os.environ["INSTAR_TOKEN"] = server.token
    with open_store(server.url) as store:
        run, count = event_id(), sized(POINTS)
        for first in range(0, count, 10_000):
            store.metrics.append([Metric(run, "loss", first + i, 0, 0.5) for i in range(min(10_000, count - first))])
        return timed(lambda: store.metrics.history(run, "loss")), timed(
            lambda: store.metrics.history(run, "loss", points=1000)
        )


def find(server: Server) -> float:
    """The 95th percentile of a find, in milliseconds."""
    with open_store(server.url) as store:
        runs = [Node(event_id(), "run", "", "p", f"r{i}", clock.now(), "ana") for i in range(sized(1000))]
        params = tuple(Param(run.id, "depth", str(i % 7), float(i % 7)) for i, run in enumerate(runs))
        store.nodes.put([Record(tuple(runs), params=params)])
        store.metrics.append([Metric(run.id, "accuracy", 0, 0, i % 100 / 100) for i, run in enumerate(runs)])
        query = parse("run metric.accuracy>0.9 param.depth=3", limit=100)
        store.nodes.find(query)
        return percentile([timed(lambda: store.nodes.find(query)) for _ in range(50)], 0.95) * 1000


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


# from nothing to the first answer


def starts(folder: Path) -> dict[str, Callable[[], float]]:
    def ours() -> float:
        with Server(folder) as server:
            return server.seconds_to_answer

    def mlflows() -> float:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            first_answer(port, "/health")
            return time.perf_counter() - started
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)

    found: dict[str, Callable[[], float]] = {"instar up": ours}
    if find_spec("mlflow") is not None and find_spec("flask") is not None:
        found["mlflow server"] = mlflows
    else:
        peer_missing("MLflow's server", "install mlflow beside Instar to see how long it takes")
    return found


def main() -> None:
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder / "embedded")
        points = compare({"instar": lambda: points_a_second(store)}, rounds=3)
        tasks = compare({"instar": lambda: microseconds_a_task(store)}, rounds=3)
        store.close()
        with Server(folder / "served") as server:
            single = [single_points(server) for _ in range(3)]
            whole, sampled = history(server)
            found = find(server)
            memory = server.megabytes
        begun = compare(starts(folder / "served"), rounds=3)
        with Server(folder / "served") as server:
            at_start = server.megabytes
    print_table("metric points in process, durable", points, "points/s")
    print_table("capture of provenance, in groups of 100", tasks, "us a task")
    print_table("single points of 50 clients over HTTP, durable", {"instar": Sample(tuple(r for r, _ in single))}, "/s")
    print_table("one of them, 99th percentile", {"instar": Sample(tuple(p for _, p in single))}, "ms")
    print_table("from start to first answer", begun, "s")
    print(f"\nmemory of the server: {at_start:.0f} MB at the start, {memory:.0f} MB after the work\n")
    verdict("metric points/s, in process", points["instar"].median, at_least=100_000)
    verdict("capture of provenance, us a task", tasks["instar"].median, at_most=100)
    verdict("single points/s over HTTP", Sample(tuple(r for r, _ in single)).median, at_least=3_000)
    verdict("one of them p99, ms", Sample(tuple(p for _, p in single)).median, at_most=100)
    verdict(f"history of {sized(POINTS):,} points over HTTP, s", whole, at_most=0.5)
    verdict("the same down-sampled to 1,000, s", sampled, at_most=0.5)
    verdict("find over HTTP p95, ms", found, at_most=15)
    verdict("start to first answer, s", begun["instar up"].median, at_most=1.5)
    verdict("memory of the server, MB", at_start, at_most=200)


if __name__ == "__main__":
    main()
