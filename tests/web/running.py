"""Real servers for tests: the control plane in a process of its own."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import uvloop

from instar.store import Store
from instar.web.server import WebServer

ROOT = Path(__file__).parents[2]


class Asked:
    """Something that answers HTTP at ``port``."""

    port: int

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """One request in JSON: the status, the decoded answer, the headers. Underscores in names stand for dashes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"Content-Type": "application/json"} if body is not None else {}
        given |= {"Authorization": f"Bearer {token}"} if token else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        try:
            connection.request(method, path, data, given)
            response = connection.getresponse()
            text = response.read()
            is_json = "json" in (response.headers["Content-Type"] or "")
            return response.status, msgspec.json.decode(text) if is_json and text else text, response.headers
        finally:
            connection.close()


class WebProcess(Asked):
    """``instar up --no-serve`` on a free port."""

    def __init__(
        self,
        location: str,
        folder: Path,
        *options: str,
        environment: dict[str, str] | None = None,
        serve: bool = False,
    ) -> None:
        """location : of the store;  folder : where what the server says on standard error goes;  serve : a data plane too"""
        words = ["up", *([] if serve else ["--no-serve"]), "--store", location, "--port", "0", *options]
        self.errors = folder / "server.err"
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "instar", *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
            )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().decode()
        assert self.ready.startswith("instar: store ready on "), self.errors.read_text()
        self.url = self.ready.split()[4].rstrip(",")
        self.port = int(self.url.rpartition(":")[2])

    def serve_address(self) -> tuple[str, int]:
        """Of the data plane, when it says that it is ready."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("instar: ready on "), self.errors.read_text()
        host, _, port = line.split()[3].rstrip(",").removeprefix("http://").rpartition(":")
        return host, int(port)

    def child(self) -> int:
        """The process of the data plane."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        (found,) = [int(child) for path in children for child in path.read_text().split()]
        return found

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Threaded(Asked):
    """A server on a thread of this process: quick to start, and its store can be looked at."""

    def __init__(self, store: Store, **options: Any) -> None:
        self.server = WebServer(store, port=0, **options)
        self.url, self.port = self.server.url, self.server.port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        uvloop.run(self.server.run(lambda server: self._ready.set()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()
        self._thread.join()
