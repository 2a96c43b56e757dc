"""The gate: what is checked before a request is looked at, and what is counted when it was answered."""

from __future__ import annotations

import time
from collections.abc import Iterable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from instar.base.actor import Actor
from instar.base.errors import Forbidden, InstarError
from instar.serve.errors import WrongHost
from instar.serve.tokens import Guard, Identity
from instar.web.errors import BadHeader, answer_of
from instar.web.numbers import Numbers
from instar.web.wire import headers_of

ONCE = (b"host", b"origin", b"authorization", b"content-type", b"content-length")
GONE = 499  # counted when a client went away before its answer
OPEN = ("/api/v1/health", "/api/v1/openapi.json")  # what everyone may read: they say nothing about what is kept


class Gate:
    """Lets requests through to ``app`` that name this server, come from no other site, and carry a token that counts."""

    def __init__(self, app: ASGIApp, guard: Guard, hosts: Iterable[str], numbers: Numbers) -> None:
        """hosts : names that may stand in the Host header"""
        self._app = app
        self._guard = guard
        self._hosts = {host.lower() for host in hosts}
        self._known_hosts: set[bytes] = set()
        self._numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._admit(scope)
            await self._app(scope, receive, note)
        except InstarError as error:
            await answer_of(error)(scope, receive, note)
        except ClientDisconnect:
            status = GONE  # nobody is there to be answered, and nothing of what it began to send was kept
        finally:
            self._numbers.saw(scope.get("instar.route", "other"), status, time.perf_counter() - started)

    def _admit(self, scope: Scope) -> None:
        headers = headers_of(scope)
        if len(headers) != len(scope["headers"]):
            _need_once(scope)
        self._check_host(headers.get(b"host", b""))
        origin = headers.get(b"origin")
        if origin is not None and (b"@" in origin or host_name(origin.partition(b"://")[2]) not in self._hosts):
            raise Forbidden(f"a page of {origin.decode(errors='replace')} may not use this server")
        if scope["path"] not in OPEN:
            scope["instar.identity"] = self._guard.identify(headers.get(b"authorization"))

    def _check_host(self, host: bytes) -> None:
        """A name that someone made point here must not reach this server (DNS rebinding)."""
        if host not in self._known_hosts:
            if host_name(host) not in self._hosts:
                raise WrongHost(
                    f"this server is not {host.decode(errors='replace')!r}; use {', '.join(sorted(self._hosts))}, "
                    "or start it with --allow-host"
                )
            if len(self._known_hosts) < 1000:  # the port varies, and a client may invent many
                self._known_hosts.add(host)


def _need_once(scope: Scope) -> None:
    """Of two a proxy may look at one and this server at the other."""
    names = [name for name, _ in scope["headers"]]
    for name in ONCE:
        if names.count(name) > 1:
            raise BadHeader(f"the header {name.decode().title()} stands there {names.count(name)} times; send it once")


def identity_of(scope: Scope) -> Identity:
    """Who asks, as the gate found."""
    found: Identity = scope["instar.identity"]
    return found


def address_of(scope: Scope) -> str:
    """From where the request came, as ``10.0.0.7``."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def actor_of(scope: Scope) -> Actor | None:
    """Who acts; None where everyone is let in, since nobody is proved there."""
    identity = identity_of(scope)
    return Actor(identity.name, address_of(scope), proved=True) if identity.proved else None


def host_name(host: bytes) -> str:
    """The name in a Host header, without the port.

    >>> host_name(b"[::1]:7070"), host_name(b"LocalHost:80"), host_name(b"")
    ('::1', 'localhost', '')
    """
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
