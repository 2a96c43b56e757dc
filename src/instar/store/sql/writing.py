"""Writing records: identities that agree, edges that end somewhere and close no circle, versions with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, func, insert, select, update

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import BadInput, Conflict, NotFound
from instar.base.ids import event_id, is_id
from instar.store.records import Edge, Label, Node, Param, Record
from instar.store.sql import tables
from instar.store.sql.database import pieces
from instar.store.sql.rows import insert_new, known_ids, read_nodes

NUMBER = "number"  # the label that keeps what a version was numbered in the store it came from


def join(records: Sequence[Record]) -> Record:
    return Record(
        *(
            tuple(item for record in records for item in getattr(record, name))
            for name in ("nodes", "edges", "features", "params", "files")
        )
    )


def put(sql: Connection, record: Record, numbers: Mapping[str, int]) -> None:
    fresh = _put_nodes(sql, record.nodes)
    _put_edges(sql, record.edges, fresh)
    for edge in record.edges:
        if edge.rel == "specialization":
            _number(sql, edge.dst, edge.src, numbers.get(edge.src))
    insert_new(
        sql,
        tables.feature,
        [{**msgspec.structs.asdict(feature), "position": position} for position, feature in enumerate(record.features)],
    )
    _put_params(sql, record.params)
    insert_new(sql, tables.file, [msgspec.structs.asdict(file) for file in record.files])


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
    by, at = actor(), clock.now()
    insert_new(
        sql,
        tables.node,
        [_row(node, at, by.name if by.proved else "") for node in wanted.values()],
    )
    return set(wanted)


def _row(node: Node, at: int, by: str) -> dict[str, Any]:
    doc = msgspec.json.encode(node.doc).decode()
    return {**msgspec.structs.asdict(node), "doc": doc, "recorded_at": at, "recorded_by": by}


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
    insert_new(sql, tables.edge, [msgspec.structs.asdict(edge) for edge in edges])


def _ends_exist(sql: Connection, edges: Sequence[Edge], fresh: set[str]) -> None:
    ends = {id for edge in edges for id in (edge.src, edge.dst)} - fresh
    for id in sorted(ends - known_ids(sql, sorted(ends))):
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


def _number(sql: Connection, named: str, version: str, wanted: int | None) -> None:
    """The number ``wanted`` if it is free, else the next; then a label keeps the one that it had elsewhere."""
    t = tables.number.c
    if sql.execute(select(t.number).where(t.node == version)).first() is not None:
        return
    last = sql.execute(select(func.max(t.number)).where(t.named == named)).scalar() or 0
    taken = (
        wanted is None or sql.execute(select(t.node).where(t.named == named, t.number == wanted)).first() is not None
    )
    given = last + 1 if wanted is None or taken else wanted
    sql.execute(insert(tables.number).values(named=named, number=given, node=version))
    if wanted is not None and taken:
        at = clock.later(sql.execute(select(func.max(tables.label.c.at))).scalar() or 0)
        label = Label(version, NUMBER, str(wanted), at, actor().name, event_id())
        sql.execute(insert(tables.label).values(**msgspec.structs.asdict(label)))


def _put_params(sql: Connection, params: Sequence[Param]) -> None:
    t = tables.param.c
    for param in params:
        known = sql.execute(select(t.value).where(and_(t.run == param.run, t.key == param.key))).scalar()
        if known is not None and known != param.value:
            raise Conflict(
                f"parameter {param.key!r} of run {param.run} is {known!r} and cannot become {param.value!r}; "
                "start another run, or log it under another name"
            )
    insert_new(sql, tables.param, [msgspec.structs.asdict(param) for param in params])
