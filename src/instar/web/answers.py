"""Answers that exist only over HTTP: the audit, and a lineage in another form than as data."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from instar.store.records import Audited, Graph
from instar.store.store import Store

Format = Literal["json", "svg", "mermaid", "prov"]
FORMAT = ("format", Format, "json")  # the further parameter of what answers with a lineage
Page = Annotated[int, Meta(ge=1, le=10_000)]


def audit(
    store: Store,
    limit: Page = 100,
    by: str = "",
    action: str = "",
    subject: str = "",
    since: int | None = None,
    until: int | None = None,
    before: int | None = None,
) -> list[Audited]:
    """Who did what, when, from where; newest first.

    action : also the beginning of one (``key`` for ``key.add``);  since, until : microseconds since 1970
    before : only with a smaller ``seq``: the next page
    """
    return store.access.audited(limit, by, action, subject, since, until, before)


def drawn(store: Store, graph: Graph, format: Format) -> Response:
    """A lineage as a picture, as a Mermaid diagram, or as PROV-JSON."""
    if format == "prov":
        doc = _function("instar.store.provenance.prov", "prov_json")(store, graph)
        return Response(msgspec.json.encode(doc), media_type="application/json")
    numbers = store.nodes.numbers([node.id for node in graph.nodes])
    text = _function("instar.store.provenance.draw", format)(graph, numbers)
    return Response(text, media_type="image/svg+xml" if format == "svg" else "text/plain; charset=utf-8")


def _function(module: str, name: str) -> Any:
    """Imported when it is asked for: nobody draws at the start."""
    return getattr(import_module(module), name)
