"""``find``, asked: a page of nodes, how it goes on, and how many there are."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from instar.store.find.query import parse
from instar.store.records import Node
from instar.store.store import Store

PageSize = Annotated[int, Meta(ge=1, le=10_000)]
Text = Annotated[str, Meta(max_length=5_000)]  # whatever its letters, it fits into the line of a request


class Found(msgspec.Struct, frozen=True):
    """A page of what was found.

    after : gives the next page, empty at the end;  total : of all pages, where that was asked
    """

    nodes: tuple[Node, ...]
    after: str = ""
    total: int | None = None


def find(store: Store, q: Text = "", limit: PageSize = 100, after: str = "", count: bool = False) -> Found:
    """What the ``find`` language finds: a page of at most ``limit``, and how many there are in all, if ``count`` says so.

    after : of the page before
    """
    query = msgspec.structs.replace(parse(q, limit), after=after)
    nodes = tuple(store.nodes.find(query))
    total = store.nodes.count(query) if count else None
    return Found(nodes, nodes[-1].id if len(nodes) == query.limit else "", total)
