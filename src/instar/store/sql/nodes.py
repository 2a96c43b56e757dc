"""Nodes and edges in SQL."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update

from instar.base.errors import BadInput, Conflict, NotFound
from instar.base.ids import is_id
from instar.store.query import Query
from instar.store.records import Edge, Feature, File, Graph, Node, Page, Param, Record
from instar.store.sql import tables
from instar.store.sql.closure import walk
from instar.store.sql.database import Database, pieces
from instar.store.sql.search import search

_edge_columns = (tables.edge.c.src, tables.edge.c.rel, tables.edge.c.dst, tables.edge.c.role)


class SqlNodes:
    """Nodes in a SQL database. Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, records: Sequence[Record]) -> None:
        """Write all of ``records`` or nothing. Raises Conflict, NotFound, BadInput."""
        record = _join(records)
        self._db.write(lambda sql: _put(sql, record))

    def get(self, ids: Sequence[str]) -> list[Node]:
        found = self._db.read(lambda sql: {node.id: node for node in read_nodes(sql, ids)})
        for id in ids:
            if id not in found:
                raise NotFound("node", id, next_step="`instar find` lists what is recorded")
        return [found[id] for id in ids]

    def has(self, ids: Iterable[str]) -> set[str]:
        return self._db.read(lambda sql: _known(sql, ids))

    def resolve(self, text: str) -> str:
        """The whole id for an id, its unique beginning, ``name``, ``kind:name`` or ``name@number``."""
        return self._db.read(lambda sql: _resolve(sql, text))

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
        def read(sql: Connection) -> dict[str, int]:
            t = tables.number.c
            rows = [
                row for some in pieces(ids) for row in sql.execute(select(t.node, t.number).where(t.node.in_(some)))
            ]
            return {row.node: row.number for row in rows}

        return self._db.read(read)

    def find(self, query: Query) -> list[Node]:
        return self._db.read(lambda sql: [to_node(row) for row in sql.execute(search(query))])

    def ancestors(self, node: str, depth: int | None = None) -> Graph:
        return self._walk(node, depth, up=True)

    def descendants(self, node: str, depth: int | None = None) -> Graph:
        return self._walk(node, depth, up=False)

    def _walk(self, node: str, depth: int | None, up: bool) -> Graph:
        self.get([node])
        return self._db.read(lambda sql: walk(sql, node, depth, up))

    def since(self, cursor: str = "", limit: int = 1000) -> Page:
        return self._db.read(lambda sql: _since(sql, cursor, limit))


def to_node(row: Row[Any]) -> Node:
    return Node(
        row.id,
        row.kind,
        row.digest,
        row.project,
        row.name,
        row.created_at,
        row.created_by,
        msgspec.json.decode(row.doc),
    )


def read_nodes(sql: Connection, ids: Iterable[str]) -> list[Node]:
    query = select(tables.node)
    return [to_node(row) for some in pieces(ids) for row in sql.execute(query.where(tables.node.c.id.in_(some)))]


def _join(records: Sequence[Record]) -> Record:
    return Record(
        *(
            tuple(item for record in records for item in getattr(record, name))
            for name in ("nodes", "edges", "features", "params", "files")
        )
    )


def _put(sql: Connection, record: Record) -> None:
    fresh = _put_nodes(sql, record.nodes)
    _put_edges(sql, record.edges, fresh)
    _insert(
        sql,
        tables.feature,
        [{**msgspec.structs.asdict(feature), "position": position} for position, feature in enumerate(record.features)],
    )
    _put_params(sql, record.params)
    _insert(sql, tables.file, [msgspec.structs.asdict(file) for file in record.files])


def _insert(sql: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert what is not there yet."""
    if rows:
        sql.execute(insert(table).prefix_with("OR IGNORE", dialect="sqlite"), rows)


def _put_nodes(sql: Connection, nodes: Sequence[Node]) -> set[str]:
    """Write the nodes that are new and return their ids."""
    wanted: dict[str, Node] = {}
    for node in nodes:
        if not is_id(node.id):
            raise BadInput(f"node id {node.id!r} is not 32 hexadecimal digits; make ids with instar.base.ids")
        _same(wanted.setdefault(node.id, node), node)
    for known in read_nodes(sql, list(wanted)):
        _same(known, wanted[known.id])
        _keep_earlier(sql, known, wanted.pop(known.id))
    _insert(
        sql,
        tables.node,
        [{**msgspec.structs.asdict(node), "doc": msgspec.json.encode(node.doc).decode()} for node in wanted.values()],
    )
    return set(wanted)


def _same(known: Node, given: Node) -> None:
    if (known.kind, known.digest) != (given.kind, given.digest):
        raise Conflict(
            f"node {given.id} is recorded as {known.kind} with digest {known.digest or '-'}, not as {given.kind} with "
            f"digest {given.digest or '-'}; nothing was written. Recorded things never change: make a new version"
        )


def _keep_earlier(sql: Connection, known: Node, given: Node) -> None:
    """Where two stores differ in time or author, the earlier (time, author) is kept in both."""
    if known.created_at is None or given.created_at is None:
        return
    if (given.created_at, given.created_by) < (known.created_at, known.created_by):
        sql.execute(
            update(tables.node)
            .where(tables.node.c.id == known.id)
            .values(created_at=given.created_at, created_by=given.created_by)
        )


def _put_edges(sql: Connection, edges: Sequence[Edge], fresh: set[str]) -> None:
    _ends_exist(sql, edges, fresh)
    _stays_acyclic(sql, edges, fresh)
    _insert(sql, tables.edge, [msgspec.structs.asdict(edge) for edge in edges])
    for edge in edges:
        if edge.rel == "specialization":
            _number(sql, edge.dst, edge.src)


def _known(sql: Connection, ids: Iterable[str]) -> set[str]:
    query = select(tables.node.c.id)
    return {id for some in pieces(ids) for id in sql.scalars(query.where(tables.node.c.id.in_(some)))}


def _ends_exist(sql: Connection, edges: Sequence[Edge], fresh: set[str]) -> None:
    ends = {id for edge in edges for id in (edge.src, edge.dst)} - fresh
    for id in sorted(ends - _known(sql, sorted(ends))):
        raise NotFound("node", id, next_step="an edge names it: put the node first, or in the same record")


def _stays_acyclic(sql: Connection, edges: Sequence[Edge], fresh: set[str]) -> None:
    """No node may become its own ancestor. Only an edge from something that has descendants can close a cycle.

    ``used`` says nothing about order: a step may read content and give the same content again (a distinct without
    effect). The order is what ``informed`` says, which is written beside every ``used``.
    """
    below: dict[str, set[str]] = {}
    ordering = [edge for edge in edges if edge.rel != "used"]
    for edge in ordering:
        below.setdefault(edge.src, set()).add(edge.dst)
    targets = {edge.dst for edge in ordering}
    for src in sorted(set(below)):
        if src not in targets and (src in fresh or not _has_descendants(sql, src)):
            continue
        if _reaches(sql, src, below, fresh):
            raise BadInput(f"node {src} would become its own ancestor; nothing was written. Turn the edge round")


def _has_descendants(sql: Connection, id: str) -> bool:
    return sql.execute(select(tables.edge.c.src).where(tables.edge.c.dst == id).limit(1)).first() is not None


def _reaches(sql: Connection, start: str, below: dict[str, set[str]], fresh: set[str]) -> bool:
    seen: set[str] = set()
    front = set(below[start])
    while front:
        if start in front:
            return True
        seen |= front
        after = {id for node in front for id in below.get(node, ())}
        for some in pieces(sorted(front - fresh)):
            t = tables.edge.c
            after |= set(sql.scalars(select(t.dst).where(t.src.in_(some), t.rel != "used")))
        front = after - seen
    return False


def _number(sql: Connection, named: str, version: str) -> None:
    t = tables.number.c
    if sql.execute(select(t.number).where(t.node == version)).first() is None:
        last = sql.execute(select(func.max(t.number)).where(t.named == named)).scalar() or 0
        sql.execute(insert(tables.number).values(named=named, number=last + 1, node=version))


def _put_params(sql: Connection, params: Sequence[Param]) -> None:
    t = tables.param.c
    for param in params:
        known = sql.execute(select(t.value).where(and_(t.run == param.run, t.key == param.key))).scalar()
        if known is not None and known != param.value:
            raise Conflict(
                f"parameter {param.key!r} of run {param.run} is {known!r} and cannot become {param.value!r}; "
                "start another run, or log it under another name"
            )
    _insert(sql, tables.param, [msgspec.structs.asdict(param) for param in params])


def _resolve(sql: Connection, text: str) -> str:
    for lookup in (_by_id, _by_name):
        found = lookup(sql, text)
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise Conflict(f"{text!r} is ambiguous: {', '.join(found[:5])} …; give more digits, or kind:name")
    raise NotFound("node", text, next_step="`instar find` lists what is recorded; an id may be shortened to 6 digits")


def _by_id(sql: Connection, text: str) -> list[str]:
    if not re.fullmatch(r"[0-9a-f]{6,32}", text):
        return []
    t = tables.node.c
    return list(sql.scalars(select(t.id).where(t.id >= text, t.id < text + "g").order_by(t.id).limit(6)))


def _by_name(sql: Connection, text: str) -> list[str]:
    """A named thing stands for its newest version when it has versions."""
    kind, _, name = text.rpartition(":")
    name, _, wanted = name.partition("@")
    t, n = tables.node.c, tables.number.c
    versions = select(n.node, n.number, t.kind).join(tables.node, t.id == n.named).where(t.name == name)
    versions = (
        versions.where(n.number == int(wanted)) if wanted.isdigit() else versions.order_by(operator.neg(n.number))
    )
    rows = [row for row in sql.execute(versions) if not kind or row.kind == kind]
    newest = {row.kind: row.node for row in reversed(rows)}
    if newest or wanted:
        return list(newest.values())
    plain = select(t.id).where(t.name == name).order_by(operator.neg(t.seq)).limit(6)
    return list(sql.scalars(plain.where(t.kind == kind) if kind else plain))


def _since(sql: Connection, cursor: str, limit: int) -> Page:
    try:
        node_seq, edge_seq = (int(part) for part in cursor.split(":")) if cursor else (0, 0)
    except ValueError:
        raise BadInput(f"cursor {cursor!r} is not one that this store gave; start again with an empty one") from None
    n = tables.node.c
    rows = sql.execute(select(tables.node).where(n.seq > node_seq).order_by(n.seq).limit(limit)).all()
    last = rows[-1].seq if rows else node_seq
    reached = len(rows) < limit
    edges = sql.execute(_edges_after(edge_seq, last, limit)).all()
    ids = [row.id for row in rows]
    record = Record(
        nodes=tuple(to_node(row) for row in rows),
        edges=tuple(Edge(row.src, row.rel, row.dst, row.role) for row in edges),
        **_details(sql, ids),
    )
    edge_last = edges[-1].seq if edges else edge_seq
    return Page(record, f"{last}:{edge_last}", not reached or len(edges) == limit)


def _edges_after(edge_seq: int, node_seq: int, limit: int) -> Select[Any]:
    """Edges in order of writing, as far as both their ends have been handed out."""
    n, e = tables.node, tables.edge
    unseen = select(n.c.id).where(n.c.seq > node_seq)
    first = select(func.min(e.c.seq)).where((e.c.src.in_(unseen)) | (e.c.dst.in_(unseen))).scalar_subquery()
    return select(e).where(e.c.seq > edge_seq, e.c.seq < func.coalesce(first, 2**62)).order_by(e.c.seq).limit(limit)


def _details(sql: Connection, ids: Sequence[str]) -> dict[str, Any]:
    f, p, b = tables.feature.c, tables.param.c, tables.file.c
    return {
        "features": tuple(
            Feature(*row)
            for some in pieces(ids)
            for row in sql.execute(select(f.node, f.name, f.type, f.unit, f.role).where(f.node.in_(some)))
        ),
        "params": tuple(
            Param(*row)
            for some in pieces(ids)
            for row in sql.execute(select(p.run, p.key, p.value, p.number).where(p.run.in_(some)))
        ),
        "files": tuple(
            File(*row)
            for some in pieces(ids)
            for row in sql.execute(select(b.node, b.path, b.digest, b.size).where(b.node.in_(some)))
        ),
    }
