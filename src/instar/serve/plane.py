"""The HTTP data plane: which request goes where."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import unquote

import msgspec

from instar.base.errors import InstarError, NotFound
from instar.serve import metrics
from instar.serve.connection import Connection, Exchange, Request
from instar.serve.errors import Forbidden, UnknownDeployment, Withheld, WrongHost, WrongMethod
from instar.serve.served import Served
from instar.serve.tokens import Guard

MOST_BODY = 8 * 1024 * 1024
PREFIX = b"/v1/deployments/"
SUFFIX = b"/predict"
IDLE_SECONDS = 75.0
ROUTES = (
    "POST /v1/deployments/{name}/predict, POST /v1/feedback, GET /v1/deployments, GET /v1/deployments/{name}, "
    "GET /v1/predictions/{id}, GET /v1/health, GET /metrics"
)


class Plane:
    """Answers the requests of all connections. Only the server changes ``served``.

    feedback, lookup : what the server does for those two routes (they wait for the disk)
    """

    def __init__(
        self,
        guard: Guard,
        hosts: Iterable[str],
        feedback: Callable[[bytes | bytearray], Awaitable[dict[str, Any]]],
        lookup: Callable[[str], Awaitable[dict[str, Any]]],
        most_body: int = MOST_BODY,
    ) -> None:
        """hosts : names that may stand in the Host header;  most_body : bytes of a request's body"""
        self.served: dict[str, Served] = {}
        self.refused: dict[str, str] = {}  # what is live and may not be served, and why
        self.connections: set[Connection] = set()
        self.requests: Counter[tuple[str, int]] = Counter()  # by route and status
        self.draining = False
        self.most_body = most_body
        self._guard = guard
        self._hosts = {host.lower() for host in hosts}
        self._known_hosts: set[bytes] = set()  # Host headers that were found good, as they came
        self._feedback = feedback
        self._lookup = lookup
        self._predicts: dict[bytes, Served] = {}  # by whole path
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, name: str, served: Served) -> None:
        """Send the requests for ``name`` to ``served`` from now on."""
        self.served[name] = served
        self._predicts[PREFIX + name.encode() + SUFFIX] = served

    def remove(self, name: str) -> None:
        """Serve ``name`` no longer."""
        del self.served[name]
        del self._predicts[PREFIX + name.encode() + SUFFIX]

    def connection(self) -> Connection:
        return Connection(self)

    def handle(self, request: Request, exchange: Exchange) -> None:
        """Answer a request now or later; every error becomes an answer here."""
        try:
            self._check_host(request.headers)
            served = self._predicts.get(request.url)
            if served is not None and request.method == b"POST":
                exchange.route = "predict"
                self._guard.need(request.headers.get(b"authorization"), "viewer")
                served.predict(exchange, request.body)
            else:
                self._route(request, exchange)
        except InstarError as error:
            exchange.fail(error)

    def _check_host(self, headers: dict[bytes, bytes]) -> None:
        """A page of another site, or a name that someone made point here, must not reach this server."""
        host = headers.get(b"host", b"")
        if host not in self._known_hosts:
            if _host_name(host) not in self._hosts:
                raise WrongHost(
                    f"this server is not {host.decode(errors='replace')!r}; use {', '.join(sorted(self._hosts))}, "
                    "or start it with --allow-host"
                )
            if len(self._known_hosts) < 1000:  # the port varies, and a client may invent many
                self._known_hosts.add(host)
        origin = headers.get(b"origin")
        if origin is not None and _host_name(origin.partition(b"://")[2]) not in self._hosts:
            raise Forbidden(f"a page of {origin.decode(errors='replace')} may not use this server")

    def _route(self, request: Request, exchange: Exchange) -> None:
        path = unquote(request.url.partition(b"?")[0].decode("latin-1"))
        authorization = request.headers.get(b"authorization")
        parts = path.strip("/").split("/")
        if parts == ["v1", "health"]:
            self._only(request, exchange, b"GET", "health")
            exchange.reply(msgspec.json.encode({"status": "draining" if self.draining else "ready"}))
            return
        self._guard.need(authorization, "viewer")
        match parts:
            case ["metrics"]:
                self._only(request, exchange, b"GET", "metrics")
                numbers = metrics.render(self.requests, len(self.connections), self.served.values())
                exchange.answer(200, numbers, b"text/plain; version=1.0.0; charset=utf-8")
            case ["v1", "deployments"]:
                self._only(request, exchange, b"GET", "deployments")
                docs = [served.doc() for _, served in sorted(self.served.items())]
                exchange.reply(msgspec.json.encode({"deployments": docs}))
            case ["v1", "deployments", name]:
                self._only(request, exchange, b"GET", "deployment")
                exchange.reply(msgspec.json.encode(self._named(name).doc()))
            case ["v1", "deployments", name, "predict"]:
                self._only(request, exchange, b"POST", "predict")
                self._named(name).predict(exchange, request.body)
            case ["v1", "feedback"]:
                self._only(request, exchange, b"POST", "feedback")
                self._guard.need(authorization, "contributor")
                self._later(exchange, self._feedback(request.body))
            case ["v1", "predictions", id]:
                self._only(request, exchange, b"GET", "prediction")
                self._later(exchange, self._lookup(id))
            case _:
                raise NotFound("route", path, next_step=f"there is: {ROUTES}")

    def _named(self, name: str) -> Served:
        if name in self.served:
            return self.served[name]
        if name in self.refused:
            raise Withheld(name, self.refused[name])
        raise UnknownDeployment(name, self.served)

    @staticmethod
    def _only(request: Request, exchange: Exchange, method: bytes, route: str) -> None:
        exchange.route = route
        if request.method != method:
            raise WrongMethod(f"{request.method.decode()} is not possible here; use {method.decode()}")

    def _later(self, exchange: Exchange, work: Awaitable[dict[str, Any]]) -> None:
        task = asyncio.ensure_future(self._answer(exchange, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _answer(exchange: Exchange, work: Awaitable[dict[str, Any]]) -> None:
        try:
            exchange.reply(msgspec.json.encode(await work))
        except InstarError as error:
            exchange.fail(error)
        except Exception:  # a mistake of ours must still give the client an answer
            traceback.print_exc(file=sys.stderr)
            exchange.answer(500, b'{"error":{"type":"Mistake","message":"the server made a mistake; see its log"}}')
            raise

    def counted(self, exchange: Exchange, status: int) -> None:
        self.requests[exchange.route, status] += 1

    def hang_up_idle(self, now: float, all_idle: bool = False) -> None:
        """Close connections on which nothing has happened for long (or, at the end, nothing is due)."""
        for connection in list(self.connections):
            if connection.idle and (all_idle or now - connection.active_at > IDLE_SECONDS):
                connection.close()


def _host_name(host: bytes) -> str:
    """The name in a Host header, without the port.

    >>> _host_name(b"[::1]:7071"), _host_name(b"LocalHost:80"), _host_name(b"")
    ('::1', 'localhost', '')
    """
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
