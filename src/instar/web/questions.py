"""Questions and actions above the protocols: each a function of the store, its route derived from its signature.

A reader is ``GET`` with its parameters in the query, so that curl and a browser can ask; a writer is ``POST`` with a body.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any, get_origin, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from instar.base.errors import Forbidden
from instar.serve.errors import WrongField
from instar.serve.wire import wrong_field
from instar.store.operations import PREFIX, hints_of, struct_of
from instar.store.protocols import Role
from instar.store.records import Graph
from instar.web.answers import FORMAT, Format, drawn
from instar.web.calls import Calls
from instar.web.gate import actor_of, identity_of
from instar.web.rpc import note
from instar.web.scope import Scopes
from instar.web.wire import MOST_BODY, decode, encode, headers_of, read_body

NOT_SENT = ("store", "progress", "repair")  # parameters that are no values
_MANY = (list, tuple, set, frozenset, Sequence)


@dataclass(frozen=True)
class Question:
    """One route.

    function : ``module:name``, imported when it is first asked;  role : who may ask
    in_body : a reader whose parameters do not fit into a query;  whole : it is about the store, not about one project
    """

    name: str
    function: str
    role: Role = "viewer"
    changes: bool = False
    in_body: bool = False
    whole: bool = False

    @property
    def path(self) -> str:
        return f"{PREFIX}/{self.name}"

    @property
    def method(self) -> str:
        return "POST" if self.changes or self.in_body else "GET"

    @cached_property
    def ask(self) -> Callable[..., Any]:
        module, _, name = self.function.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found

    @cached_property
    def result(self) -> Any:
        return hints_of(self.ask)["return"]

    @property
    def draws(self) -> bool:
        return self.result is Graph

    @cached_property
    def parameters(self) -> type[msgspec.Struct]:
        return struct_of(self.name.replace("/", "."), self.ask, NOT_SENT, [FORMAT] if self.draws else [])

    @property
    def doc(self) -> str:
        return inspect.cleandoc(self.ask.__doc__ or "")


@cache
def questions() -> dict[str, Question]:
    """All by name."""
    return {question.name: question for question in QUESTIONS}


QUESTIONS = (
    Question("find", "instar.store.find.found:find"),
    Question("why", "instar.web.predictions:why"),
    Question("impact", "instar.store.provenance.lineage:impact"),
    Question("deployments", "instar.store.provenance.lineage:live_deployments"),
    Question("live", "instar.serve.then:live_at"),
    Question("prediction", "instar.web.predictions:prediction", whole=True),
    Question("withdrawals", "instar.web.predictions:withdrawals", whole=True),
    Question("diff", "instar.store.provenance.diff:diff"),
    Question("common", "instar.store.provenance.questions:common_ancestors"),
    Question("compare", "instar.models.comparing:compare"),
    Question("similar", "instar.models.comparing:similar"),
    Question("rank", "instar.models.comparing:rank"),
    Question("originals", "instar.models.origins:original_features"),
    Question("notes", "instar.store.provenance.questions:notes"),
    Question("note", "instar.store.provenance.questions:note", "contributor", changes=True),
    Question("rules", "instar.store.find.rules:rules"),
    Question("rules/show", "instar.store.find.rules:rule"),
    Question("rules/ask", "instar.store.find.rules:ask", in_body=True),
    Question("rules/add", "instar.store.find.rules:add", "contributor", changes=True),
    Question("rules/remove", "instar.store.find.rules:remove", "contributor", changes=True),
    Question("tainted", "instar.store.keeping.invalidation:tainted"),
    Question("invalidate", "instar.store.keeping.invalidation:invalidate", "contributor", changes=True),
    Question("lift", "instar.store.keeping.invalidation:lift", "approver", changes=True),
    Question("audit", "instar.web.answers:audit", "admin", whole=True),
    Question("check", "instar.store.keeping.check:check", "admin", whole=True),
    Question("gc", "instar.store.keeping.gc:collect", "admin", changes=True, whole=True),
    Question("erase", "instar.store.keeping.erasure:erase", "admin", changes=True, whole=True),
)


class QuestionRoutes:
    """The routes of all questions."""

    def __init__(self, scopes: Scopes, calls: Calls, most_body: int = MOST_BODY) -> None:
        self._scopes, self._calls, self._most_body = scopes, calls, most_body

    def routes(self) -> list[Route]:
        return [Route(each.path, self._endpoint(each), methods=[each.method]) for each in questions().values()]

    def _endpoint(self, question: Question) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            request.scope["instar.route"] = question.name
            identity = identity_of(request.scope)
            identity.need(question.role)
            if question.whole and identity.project:
                raise Forbidden(
                    f"this token is for the project {identity.project}; {question.name} needs one for all projects"
                )
            given = msgspec.structs.asdict(await self._given(question, request))
            form: Format = given.pop("format", "json") if question.draws else "json"
            store = self._scopes.store_for(identity)

            def work() -> Any:
                found = question.ask(store, **given)
                if question.changes:
                    note(store, question.name, list(given.values()), identity)
                return found if form == "json" else drawn(store, found, form)

            found = await self._calls.run(work, actor_of(request.scope), question.changes)
            return found if isinstance(found, Response) else encode(request.scope, found)

        return answer

    async def _given(self, question: Question, request: Request) -> msgspec.Struct:
        scope = request.scope
        if question.method == "POST":
            body = await read_body(scope, request.receive, self._most_body)
            given: msgspec.Struct = decode(body, headers_of(scope).get(b"content-type", b""), question.parameters)
            return given
        return from_query(question.parameters, request.query_params.multi_items())


def from_query(type: type[msgspec.Struct], given: Sequence[tuple[str, str]]) -> msgspec.Struct:
    """The parameters in a query: numbers and truth values as text, lists by repeating the name. Raises WrongField."""
    hints = get_type_hints(type)
    found: dict[str, Any] = {}
    for name, value in given:
        if name in hints and (get_origin(hints[name]) or hints[name]) in _MANY:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise WrongField(f"`{name}` is given twice, at $.{name}", f"$.{name}")
        else:
            found[name] = value
    try:
        return msgspec.convert(found, type, strict=False)
    except msgspec.ValidationError as error:
        raise wrong_field(error) from None
