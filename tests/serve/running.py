"""Real servers for tests: published versions, a server in a process of its own, and one in a thread."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import polars as pl
import uvloop
from sklearn.linear_model import LogisticRegression

from instar.models.registry import publish
from instar.models.version import ModelVersion
from instar.serve.client import Client
from instar.serve.server import Server
from instar.store import Store

ROW = {"a": 1.0, "b": 0.0}
ROOT = Path(__file__).parents[2]


def versions(store: Store, count: int = 1, name: str = "sign") -> list[ModelVersion]:
    """Published versions that say whether ``a`` is above 0; each later one is a little worse."""
    made = []
    for number in range(count):
        drawn = np.random.default_rng(number)
        frame = pl.DataFrame(drawn.normal(size=(80, 2)), schema=["a", "b"])
        truth = frame["a"].to_numpy() + number * frame["b"].to_numpy() > 0
        fitted = LogisticRegression(C=100.0).fit(frame.to_numpy(), truth)
        made.append(publish(fitted, name, inputs=frame, target=("positive", truth), store=store))
    return made


class Process:
    """``instar serve`` on a free port."""

    def __init__(self, store: Store, *options: str) -> None:
        command = [sys.executable, "-m", "instar", "serve", "--store", store.location, "--port", "0", *options]
        self._store = store
        self.errors = store.folder / "server.err"
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().decode()
        assert self.ready.startswith("instar: ready on "), self.errors.read_text()
        self.url = self.ready.split()[3].rstrip(",")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, token: str | None = None) -> Client:
        return Client(self.url, token, self._store)

    def host_pid(self) -> int:
        """The process of the model host, the only child that lives as long as the server."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        for child in " ".join(path.read_text() for path in children).split():
            if "instar.serve.host" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        raise AssertionError("no model host runs")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Threaded:
    """A server on a thread of this process, whose inside can be looked at."""

    def __init__(self, store: Store, **options: Any) -> None:
        self.server = Server(store, port=0, **options)
        self._store = store
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def do(self, action: Callable[[], Any]) -> Any:
        """Call ``action`` on the server's thread."""

        async def call() -> Any:
            found = action()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(30)

    def client(self) -> Client:
        return Client(self.server.url, store=self._store)

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self.server.start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.do(self.server.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def logs_of(store: Store) -> Sequence[str]:
    """The segments that are not sealed."""
    return sorted(name[:-4] for name in os.listdir(store.folder / "journal") if name.endswith(".log"))
