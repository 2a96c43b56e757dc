"""The routes of the store's protocols: ``POST /api/v1/{facet}/{method}`` with a body of named parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from instar.serve.tokens import Identity
from instar.store.operations import Operation, operations
from instar.store.store import Store
from instar.web.calls import Calls
from instar.web.deciding import need_to_decide
from instar.web.errors import WrongMethod
from instar.web.gate import actor_of, identity_of
from instar.web.scope import Scopes
from instar.web.wire import MOST_BODY, decode, encode, headers_of, read_body


class Operations(BaseRoute):
    """All operations. One look-up finds a route, however many there are: a metric's point takes no longer."""

    def __init__(self, scopes: Scopes, calls: Calls, most_body: int = MOST_BODY) -> None:
        self._by_path = {operation.path: operation for operation in operations().values()}
        self._scopes = scopes
        self._calls = calls
        self._most_body = most_body

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        operation = self._by_path.get(scope["path"]) if scope["type"] == "http" else None
        return (Match.NONE, {}) if operation is None else (Match.FULL, {"instar.operation": operation})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation: Operation = scope["instar.operation"]
        scope["instar.route"] = operation.name
        if scope["method"] != "POST":
            raise WrongMethod(scope["method"], "POST")
        identity = identity_of(scope)
        identity.need(operation.role)
        body = await read_body(scope, receive, self._most_body)
        given = decode(body, headers_of(scope).get(b"content-type", b""), operation.parameters)
        answer = await self._call(operation, given, identity, scope)
        await encode(scope, answer)(scope, receive, send)

    async def _call(self, operation: Operation, given: msgspec.Struct, identity: Identity, scope: Scope) -> Any:
        store = self._scopes.store_for(identity)
        method = getattr(getattr(store, operation.facet), operation.method)
        arguments = msgspec.structs.astuple(given)
        if operation.joins:
            await self._calls.join((operation.name, identity.project), method, arguments[0])
            return None

        def work() -> Any:
            if operation.name == "nodes.put":
                need_to_decide(self._scopes.whole, arguments[0], identity)
            answer = method(*arguments)
            if operation.audited:
                note(store, operation.name, arguments, identity)
            return answer

        return await self._calls.run(work, actor_of(scope), operation.changes)


def note(store: Store, action: str, arguments: Sequence[Any], identity: Identity) -> None:
    """Write a change into the audit: what was first named in it, and how many there were."""
    first = arguments[0] if arguments else ""
    several = isinstance(first, Sequence | dict) and not isinstance(first, str)
    detail = f"{len(first)} in all" if several and len(first) != 1 else ""
    store.access.audit(action, _subject(first), identity.name, detail)


def _subject(value: Any) -> str:
    """What a call is about: the id or name of the first thing that it gives."""
    while True:
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list | tuple | set):
            value = next(iter(value), "")
            continue
        names = [name for name in ("subject", "id", "run", "nodes", "edges") if getattr(value, name, None)]
        if not names:
            return ""
        value = getattr(value, names[0])
