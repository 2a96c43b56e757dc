"""The application: which path goes where."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from instar.base.errors import InstarError, NotFound
from instar.base.settings import DATABASE
from instar.serve.tokens import Guard
from instar.store.find.query import Query
from instar.store.operations import BLOBS, PREFIX
from instar.store.store import Store
from instar.web.blobs import MOST_BLOB, BlobRoutes
from instar.web.calls import Calls
from instar.web.errors import Mistake, WrongMethod, answer_of
from instar.web.gate import Gate, identity_of
from instar.web.numbers import CONTENT_TYPE, Numbers
from instar.web.questions import QuestionRoutes
from instar.web.rpc import Operations
from instar.web.scope import Scopes
from instar.web.wire import MOST_BODY

MEASURED_FOR = 60.0  # seconds for which the sizes of the store are not counted again
UPLOADS = "uploads"  # in the store's folder: what is on its way


class Application:
    """The control plane as an ASGI application; ``handle`` is what a server calls."""

    def __init__(
        self,
        store: Store,
        guard: Guard,
        hosts: Iterable[str],
        most_body: int = MOST_BODY,
        most_blob: int = MOST_BLOB,
    ) -> None:
        """hosts : names that may stand in the Host header;  most_body, most_blob : bytes"""
        self.store = store
        self.numbers = Numbers()
        self.calls = Calls()
        self._measured = -MEASURED_FOR
        scopes = Scopes(store)
        blobs = BlobRoutes(scopes, self.calls, store.folder / UPLOADS, most_blob)
        routes = [
            Operations(scopes, self.calls, most_body),
            Route(BLOBS + "{digest}", blobs.answer, methods=["GET", "PUT"]),
            *QuestionRoutes(scopes, self.calls, most_body).routes(),
            Route(f"{PREFIX}/openapi.json", self._document),
            Route(f"{PREFIX}/health", self._health),
            Route("/metrics", self._metrics),
        ]
        handlers = {InstarError: _told, HTTPException: _unknown, Exception: _mistake}
        self.handle = Gate(Starlette(routes=routes, exception_handlers=handlers), guard, hosts, self.numbers)

    async def _health(self, request: Request) -> Response:
        """Whether the store answers."""
        request.scope["instar.route"] = "health"
        id = await self.calls.run(lambda: self.store.id, None, changes=False)
        return Response(msgspec.json.encode({"status": "ready", "store": id}), media_type="application/json")

    async def _document(self, request: Request) -> Response:
        """The OpenAPI document."""
        request.scope["instar.route"] = "openapi"
        from instar.web.openapi import document

        found = await self.calls.run(document, None, changes=False)
        return Response(found, media_type="application/json")

    async def _metrics(self, request: Request) -> Response:
        """Numbers for Prometheus."""
        request.scope["instar.route"] = "metrics"
        identity_of(request.scope).need("viewer")
        await self.calls.run(self._measure, None, changes=False)
        return Response(self.numbers.render(), media_type=CONTENT_TYPE)

    def _measure(self) -> None:
        """What the store holds, counted at most once a minute: counting a million nodes takes a while."""
        if time.monotonic() - self._measured < MEASURED_FOR:
            return
        self._measured = time.monotonic()
        sizes: dict[str, float] = {"nodes": self.store.nodes.count(Query())}
        for path in self.store.folder.glob(f"{DATABASE}*"):
            sizes["database_bytes"] = sizes.get("database_bytes", 0) + path.stat().st_size
        self.numbers.sizes = sizes


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, InstarError)
    return answer_of(error)


async def _unknown(request: Request, error: Exception) -> Response:
    """Starlette's own errors: no such route, or not with this method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return answer_of(WrongMethod(request.method, (error.headers or {}).get("Allow", "another")))
    return answer_of(NotFound("route", request.url.path, next_step=f"GET {PREFIX}/openapi.json lists what there is"))


async def _mistake(request: Request, error: Exception) -> Response:
    """What nobody thought of; the server's log has the whole story."""
    return answer_of(Mistake("the server made a mistake; its log says which. What was sent may not have been kept"))
