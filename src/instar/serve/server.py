"""The server: one process that serves every live deployment of a project over HTTP.

``serve`` runs in the foreground until SIGTERM or SIGINT; ``instar serve`` is its command line.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
import uvloop

from instar.base.errors import InstarError
from instar.base.ids import event_id
from instar.base.settings import project_setting
from instar.models.standing import NotHomologated
from instar.serve.address import NeedsTokens as NeedsTokens
from instar.serve.address import is_loopback as is_loopback
from instar.serve.candidates import LOADER
from instar.serve.deployment import need_servable
from instar.serve.errors import UnknownPrediction
from instar.serve.feedback import Feedbacks
from instar.serve.journal import FOLDER, Journal
from instar.serve.lookup import feedback_for, lookup
from instar.serve.plane import MOST_BODY, Plane
from instar.serve.prediction_id import PredictionId, replica_of
from instar.serve.seal import new_header, seal_dead
from instar.serve.segment import Header, is_dead, logs
from instar.serve.served import Served
from instar.serve.spec import Live, deployment_id, live_deployments
from instar.serve.tables import decision, feedback_doc, prediction_of
from instar.serve.tokens import Guard
from instar.store import Store, open_store

PORT = 7071
LOOK = 1.0  # seconds between two looks at the store, for new deployment versions and revoked tokens
TRY_AGAIN = 10.0  # seconds until a deployment version that could not be started is tried again
DRAIN = 10.0  # seconds that requests in flight get when the server stops


class Server:
    """Serves the live deployments of ``project``; ``start``, then ``stop``, in one running event loop."""

    def __init__(
        self,
        store: Store,
        project: str | None = None,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        token: bool = True,
        allow_hosts: Sequence[str] = (),
        most_body: int = MOST_BODY,
        loader: str = LOADER,
    ) -> None:
        """token : False lets everyone in, possible on loopback only;  port : 0 takes a free one (see ``url``)
        most_body : bytes of a request's body;  loader : what gives the candidates in the model host

        Raises NeedsTokens.
        """
        self.store = store
        self.project = project_setting(project)
        local = is_loopback(host)
        if not local and not token:
            raise NeedsTokens(host, "and --no-token would let them in")
        self.guard = Guard(store, self.project, local, token)
        if not local and not self.guard.has_tokens:
            raise NeedsTokens(host, "and no token is registered")
        names = {host, "localhost", "127.0.0.1", "::1", *allow_hosts} if local else {host, *allow_hosts}
        self.plane = Plane(self.guard, names, self._feedback, self._lookup, most_body)
        self.feedbacks = Feedbacks(store, self.project, self.plane.served, self._journals)
        self._host, self._port, self._loader = host, port, loader
        self._thread = ThreadPoolExecutor(1, "journal")
        self._retiring: list[Journal] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._tried: dict[str, float] = {}
        self._looking: list[asyncio.Task[None]] = []
        self._sealing: asyncio.Task[None] | None = None
        self._seal_again = False
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Start what is live, then listen. Raises OSError when the address is taken."""
        self._seal()
        await self._look()
        await self._tick()
        self._server = await asyncio.get_running_loop().create_server(self.plane.connection, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        # Apart, since taking over a deployment version may take longer than a token may go unchecked.
        self._looking = [asyncio.create_task(self._again(look)) for look in (self._tick, self._look)]

    # what is live

    async def _again(self, look: Callable[[], Awaitable[None]]) -> None:
        """Call ``look`` every second. A store that does not answer is told once, and asked again."""
        from sqlalchemy.exc import SQLAlchemyError

        said = ""
        while True:
            await asyncio.sleep(LOOK)
            try:
                await look()
                said = ""
            except (InstarError, OSError, SQLAlchemyError) as error:
                if str(error) != said:
                    said = str(error)
                    _say(f"the store does not answer, what is live stays as it is: {said}")

    async def _tick(self) -> None:
        """What each second asks for: idle connections, model hosts, tokens."""
        self.plane.hang_up_idle(asyncio.get_running_loop().time())
        for served in self.plane.served.values():
            served.look_after()
        await asyncio.to_thread(self.guard.refresh)

    async def _look(self) -> None:
        live = await asyncio.to_thread(live_deployments, self.store, self.project)
        for name in list(self.plane.served):
            if name not in live:
                await self._withdraw(name)
        now = asyncio.get_running_loop().time()
        for name, wanted in live.items():
            served = self.plane.served.get(name)
            if served is not None and served.live.id == wanted.id:
                await self._stay_approved(served)
            elif now - self._tried.get(wanted.id, -TRY_AGAIN) >= TRY_AGAIN:
                self._tried[wanted.id] = now
                await self._take_over(wanted)

    async def _stay_approved(self, served: Served) -> None:
        """An approval that is revoked, or expires, ends the serving; what is experimental is flagged."""
        try:
            now = await asyncio.to_thread(need_servable, self.store, served.live.id)
        except NotHomologated as error:
            self._refuse(served.live, str(error))
            await self._withdraw(served.live.name)
        else:
            self._flag(served, now.flagged)

    def _flag(self, served: Served, against: tuple[str, ...]) -> None:
        """Say once what stands against a deployment that is served all the same."""
        for each in against if against != served.flagged else ():
            _say(f"{served.live.name}@{served.live.number} is experimental and served all the same: {each}")
        served.flagged = against

    def _refuse(self, live: Live, why: str) -> None:
        if self.plane.refused.get(live.name) != why:
            _say(f"{live.name}@{live.number} is not served: {why}")
        self.plane.refused[live.name] = why

    async def _take_over(self, wanted: Live) -> None:
        """Start a deployment version beside the one that is served, then let requests go to it."""
        try:
            live = await asyncio.to_thread(need_servable, self.store, wanted.id)
            served = Served(live, self._loader, [self.store.location, *live.arms], self.store.environment)
            await served.start()
        except InstarError as error:
            self._refuse(wanted, str(error))
            return
        self.plane.refused.pop(wanted.name, None)
        self._tried.pop(wanted.id, None)
        served.journal = Journal(
            self.store.folder / FOLDER, self._thread, partial(self._new_header, served), rolled=self._seal
        )
        await served.journal.open()
        served.state = await self.feedbacks.recall(live.name, served.policy)
        old = self.plane.served.get(live.name)
        self.plane.put(live.name, served)
        self.feedbacks.resume(live.name)
        _say(f"serving {live.name}@{live.number}: {', '.join(live.names)}")
        self._flag(served, live.flagged)
        if old is not None:
            self._later(self._retire(old))

    def _new_header(self, served: Served) -> Header:
        live = served.live
        columns = tuple((field.name, field.type) for field in served.columns)
        new = Header(
            event_id(), replica_of(self.store.folder), self.project, live.name, live.id, live.activity,
            live.arms, live.names, columns, served.signatures[0].target.type, 0,
        )  # fmt: skip
        return new_header(self.store, new)

    async def _withdraw(self, name: str) -> None:
        old = self.plane.served[name]
        self.plane.remove(name)
        _say(f"{name} is no longer live")
        await self._retire(old)

    async def _retire(self, served: Served) -> None:
        self._retiring.append(served.journal)
        await served.retire()
        await served.journal.close()
        self._retiring.remove(served.journal)
        if not self.plane.draining:
            self._seal()

    def _journals(self) -> list[Journal]:
        return [served.journal for served in self.plane.served.values()] + self._retiring

    # the two routes that wait for the disk

    async def _feedback(self, body: bytes | bytearray) -> dict[str, Any]:
        return await self.feedbacks.take(body)

    async def _lookup(self, text: str) -> dict[str, Any]:
        id = PredictionId.parse(text)
        for journal in self._journals():
            if (found := journal.read(id.segment, id.number)) is not None:
                header, payload = found
                feedback = await asyncio.to_thread(feedback_for, self.store, header, text)
                known = decision(header, id.number, prediction_of(payload))
                doc: dict[str, Any] = msgspec.to_builtins(known)
                return {**doc, "feedback": [feedback_doc(each) for each in feedback]}
        answer = await asyncio.to_thread(lookup, text, self.store)
        if answer.deployment not in self.plane.served and not await self._mine(answer.deployment):
            raise UnknownPrediction(text, "it belongs to another project")
        sealed: dict[str, Any] = msgspec.to_builtins(answer)
        return sealed

    async def _mine(self, deployment: str) -> bool:
        id = deployment_id(self.project, deployment)
        return bool(await asyncio.to_thread(self.store.nodes.has, [id]))

    # sealing, and the end

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _seal(self) -> None:
        """Seal what nobody writes to any more, in another process; once more if asked meanwhile."""
        if not any(is_dead(path) for path in logs(self.store.folder / FOLDER)):
            return
        self._seal_again = True
        if self._sealing is None:
            self._sealing = asyncio.ensure_future(self._keep_sealing())

    async def _keep_sealing(self) -> None:
        while self._seal_again:
            self._seal_again = False
            command = [sys.executable, "-m", "instar.serve.seal", self.store.location]
            environment = {**os.environ, **self.store.environment}
            status = await asyncio.to_thread(subprocess.call, command, env=environment, stdin=subprocess.DEVNULL)
            if status:
                _say(f"sealing ended with {status}; the segments stay as they are and the next start seals them")
        self._sealing = None

    async def stop(self) -> None:
        """Answer what is in flight, make everything durable, stop the hosts, seal the segments."""
        for looking in self._looking:
            looking.cancel()
        self.plane.draining = True
        if self._server is not None:
            self._server.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + DRAIN
        while any(not connection.idle for connection in self.plane.connections) and loop.time() < until:
            self.plane.hang_up_idle(loop.time(), all_idle=True)
            await asyncio.sleep(0.01)
        self.plane.hang_up_idle(loop.time(), all_idle=True)
        served = list(self.plane.served.values())
        for name in list(self.plane.served):
            self.plane.remove(name)
        await asyncio.gather(*(self._retire(each) for each in served), *self._tasks)
        if self._sealing is not None:
            await self._sealing
        await asyncio.to_thread(seal_dead, self.store)
        self._thread.shutdown()


def serve(
    store: Store | None = None,
    project: str | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
    *,
    token: bool = True,
    allow_hosts: Sequence[str] = (),
    most_body: int = MOST_BODY,
    ready: Callable[[Server], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order. ready : called once requests are answered

    Raises NeedsTokens, OSError when the address is taken.
    """
    server = Server(
        store or open_store(), project, host, port, token=token, allow_hosts=allow_hosts, most_body=most_body
    )
    uvloop.run(_until_stopped(server, ready or say_ready))


async def _until_stopped(server: Server, ready: Callable[[Server], None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        stopping = asyncio.create_task(stopped.wait())
        starting = asyncio.create_task(server.start())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            gc.collect()
            gc.freeze()  # what is there at the start stays: the collector need not look at it again and again
            gc.set_threshold(50_000, 20, 20)
            ready(server)
        else:  # stopped before it was ready: a model may take long to load, or for ever
            starting.cancel()
        await stopping
        _say("stopping: requests in flight are answered first")
    finally:
        await server.stop()


def say_ready(server: Server) -> None:
    """The ready message, one line on standard output."""
    names = ", ".join(sorted(server.plane.served)) or "nothing yet (`instar deploy` makes something live)"
    print(f"instar: ready on {server.url}, serving {names}", flush=True)


def _say(message: str) -> None:
    print(f"instar: {message}", file=sys.stderr, flush=True)
