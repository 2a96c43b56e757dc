"""Nodes and edges in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, select

from instar.base.errors import NotFound
from instar.store.find.query import Query
from instar.store.records import Edge, Feature, File, Graph, Node, Page, Param, Received, Record
from instar.store.sql import tables
from instar.store.sql.closure import reached, walk
from instar.store.sql.database import Database, pieces
from instar.store.sql.naming import resolve
from instar.store.sql.paging import numbers_of, page_after
from instar.store.sql.rows import known_ids, read_nodes, to_node
from instar.store.sql.search import count, search
from instar.store.sql.writing import join, put

_edge_columns = (tables.edge.c.src, tables.edge.c.rel, tables.edge.c.dst, tables.edge.c.role)


class SqlNodes:
    """Nodes in a SQL database. Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, records: Sequence[Record], numbers: Mapping[str, int] = {}, peer: str = "") -> None:
        """Write all of ``records`` or nothing. Raises Conflict, NotFound, BadInput."""
        record = join(records)
        self._db.write(lambda sql: put(sql, record, numbers, peer))

    def get(self, ids: Sequence[str]) -> list[Node]:
        found = self._db.read(lambda sql: {node.id: node for node in read_nodes(sql, ids)})
        for id in ids:
            if id not in found:
                raise NotFound("node", id, next_step="`instar find` lists what is recorded")
        return [found[id] for id in ids]

    def has(self, ids: Collection[str]) -> set[str]:
        return self._db.read(lambda sql: known_ids(sql, ids))

    def resolve(self, text: str, project: str = "") -> str:
        """The whole id for an id, its unique beginning, ``name``, ``kind:name`` or ``name@number``."""
        return self._db.read(lambda sql: resolve(sql, text, project))

    def edges(self, ids: Sequence[str], direction: Literal["out", "in"], rel: str = "") -> list[Edge]:
        column = tables.edge.c.src if direction == "out" else tables.edge.c.dst

        def read(sql: Connection) -> list[Edge]:
            found = []
            for piece in pieces(ids):
                query = select(*_edge_columns).where(column.in_(piece)).order_by(tables.edge.c.seq)
                found += [Edge(*row) for row in sql.execute(query.where(tables.edge.c.rel == rel) if rel else query)]
            return found

        return self._db.read(read)

    def files(self, ids: Sequence[str]) -> list[File]:
        t = tables.file.c
        return self._of(ids, lambda some: select(t.node, t.path, t.digest, t.size).where(t.node.in_(some)), File)

    def holders(self, digests: Collection[str]) -> list[File]:
        t = tables.file.c
        return self._of(
            sorted(digests), lambda some: select(t.node, t.path, t.digest, t.size).where(t.digest.in_(some)), File
        )

    def features(self, ids: Sequence[str]) -> list[Feature]:
        t = tables.feature.c
        return self._of(
            ids,
            lambda some: select(t.node, t.name, t.type, t.unit, t.role).where(t.node.in_(some)).order_by(t.position),
            Feature,
        )

    def params(self, ids: Sequence[str]) -> list[Param]:
        t = tables.param.c
        return self._of(
            ids, lambda some: select(t.run, t.key, t.value, t.number).where(t.run.in_(some)).order_by(t.key), Param
        )

    def _of(self, ids: Sequence[str], query: Any, kind: Any) -> list[Any]:
        def read(sql: Connection) -> list[Any]:
            return [kind(*row) for some in pieces(ids) for row in sql.execute(query(some))]

        return self._db.read(read)

    def versions(self, named: str) -> list[tuple[int, Node]]:
        def read(sql: Connection) -> list[tuple[int, Node]]:
            rows = sql.execute(
                select(tables.number.c.number, tables.node)
                .join(tables.node, tables.node.c.id == tables.number.c.node)
                .where(tables.number.c.named == named)
                .order_by(tables.number.c.number)
            )
            return [(row.number, to_node(row)) for row in rows]

        return self._db.read(read)

    def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        return self._db.read(lambda sql: numbers_of(sql, ids))

    def received(self, ids: Sequence[str]) -> dict[str, Received]:
        t = tables.node.c
        query = select(t.id, t.recorded_at, t.recorded_by, t.recorded_from)

        def read(sql: Connection) -> dict[str, Received]:
            rows = [row for some in pieces(ids) for row in sql.execute(query.where(t.id.in_(some)))]
            return {row.id: Received(row.recorded_at, row.recorded_by, row.recorded_from) for row in rows}

        return self._db.read(read)

    def find(self, query: Query) -> list[Node]:
        return self._db.read(lambda sql: search(sql, query))

    def count(self, query: Query) -> int:
        return self._db.read(lambda sql: count(sql, query))

    def ancestors(self, node: str, depth: int | None = None) -> Graph:
        return self._walk(node, depth, up=True)

    def descendants(self, node: str, depth: int | None = None) -> Graph:
        return self._walk(node, depth, up=False)

    def reached(self, node: str, direction: Literal["up", "down"], kinds: Sequence[str]) -> list[Node]:
        return self._db.read(lambda sql: reached(sql, node, kinds, direction == "up"))

    def _walk(self, node: str, depth: int | None, up: bool) -> Graph:
        return self._db.read(lambda sql: walk(sql, node, depth, up))

    def since(self, cursor: str = "", limit: int = 1000) -> Page:
        return self._db.read(lambda sql: page_after(sql, cursor, limit))
