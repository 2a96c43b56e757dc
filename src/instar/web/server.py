"""The server: one process that gives the store to others over HTTP.

``serve_store`` runs in the foreground until SIGTERM or SIGINT; ``instar up`` is its command line.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
import uvloop

from instar.base.errors import InstarError
from instar.base.settings import server_token_file
from instar.serve.address import NeedsTokens, is_loopback
from instar.serve.tokens import Guard, local_token
from instar.store.store import Store
from instar.web.application import Application
from instar.web.blobs import MOST_BLOB
from instar.web.heads import BoundedHeads
from instar.web.wire import MOST_BODY

PORT = 7070
LOOK = 2.0  # seconds between two looks at the tokens
DRAIN = 20  # seconds that requests in flight get when the server stops
KEEP_ALIVE = 75  # seconds that an idle connection is kept


class _Uvicorn(uvicorn.Server):
    """uvicorn, which says when it listens, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class WebServer:
    """Serves one store; ``run`` until it is stopped."""

    def __init__(
        self,
        store: Store,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        token: bool = True,
        allow_hosts: Sequence[str] = (),
        most_body: int = MOST_BODY,
        most_blob: int = MOST_BLOB,
    ) -> None:
        """token : False lets everyone in, possible on loopback only;  port : 0 takes a free one (see ``url``)
        most_body, most_blob : bytes

        Raises NeedsTokens, and OSError when the address is taken.
        """
        local = is_loopback(host)
        if not local and not token:
            raise NeedsTokens(host, "and --no-token would let them in")
        self.guard = Guard(store, None, local, token)
        if not local and not self.guard.has_tokens:
            raise NeedsTokens(host, "and no token is registered")
        names = {host, "localhost", "127.0.0.1", "::1", *allow_hosts} if local else {host, *allow_hosts}
        self._private = local and token
        self._store = store
        self._host = host
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.application = Application(store, self.guard, names, most_body, most_blob)
        self._serving: _Uvicorn | None = None
        self._stopped = False

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def run(self, ready: Callable[[WebServer], None]) -> None:
        """Answer until ``stop``; then what is in flight is answered first. ready : called once requests are answered"""
        config = uvicorn.Config(
            self.application.handle,
            http=BoundedHeads,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the audit says who was there, not what a request says of itself
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=DRAIN,
            backlog=1024,
        )
        self._serving = _Uvicorn(config, lambda: ready(self))
        self._serving.should_exit = self._stopped
        left = self._leave_token()
        looking = asyncio.create_task(self._look())
        try:
            await self._serving.serve([self._socket])
        finally:
            looking.cancel()
            if left is not None:
                left.unlink(missing_ok=True)
            self.application.calls.close()

    def stop(self) -> None:
        """Take no more requests, and let ``run`` end. From another thread too."""
        self._stopped = True
        if self._serving is not None:
            self._serving.should_exit = True

    async def _look(self) -> None:
        """Look up the tokens again and again. A store that does not answer is told once, and asked again."""
        from sqlalchemy.exc import SQLAlchemyError

        said = ""
        while True:
            await asyncio.sleep(LOOK)
            try:
                await asyncio.to_thread(self.guard.refresh)
                said = ""
            except (InstarError, OSError, SQLAlchemyError) as error:
                if str(error) != said:
                    said = str(error)
                    say(f"tokens cannot be looked up, nobody is let in until they can: {said}")

    def _leave_token(self) -> Path | None:
        """Leave the private token where the same user's clients on this machine look for it."""
        token = local_token(self._store.folder) if self._private else None
        if token is None:
            return None
        path = server_token_file(self._host, self.port)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):  # of a server that was killed
            path.unlink()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token + "\n")
        return path


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.set_inheritable(False)
    except OSError:
        bound.close()
        raise
    return bound


def serve_store(server: WebServer, ready: Callable[[WebServer], None]) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order."""
    uvloop.run(_until_stopped(server, ready))


async def _until_stopped(server: WebServer, ready: Callable[[WebServer], None]) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        say("stopping: requests in flight are answered first")
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    gc.collect()
    gc.freeze()  # what is there at the start stays: the collector need not look at it again and again
    gc.set_threshold(50_000, 20, 20)
    await server.run(ready)


def say(message: str) -> None:
    print(f"instar: {message}", file=sys.stderr, flush=True)
