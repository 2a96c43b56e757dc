"""Handing out what was recorded, in order, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, select

from instar.base.errors import BadInput
from instar.store.records import Edge, Feature, File, Page, Param, Record
from instar.store.sql import tables
from instar.store.sql.database import pieces
from instar.store.sql.renewal import last_renewal, renewed_after
from instar.store.sql.rows import to_node


def position(cursor: str) -> int:
    """The number that a cursor of one part stands for. Raises BadInput for a cursor of somebody else."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise _not_ours(cursor)
    return int(cursor or 0)


def _not_ours(cursor: str) -> BadInput:
    return BadInput(f"cursor {cursor!r} is not one that this store gave; start again with an empty one")


def page_after(sql: Connection, cursor: str, limit: int) -> Page:
    """At most ``limit`` new nodes, edges, and nodes that got something since they were handed out, after ``cursor``.

    Raises BadInput for a cursor of somebody else.
    """
    node_seq, edge_seq, renewal = _parts(cursor) if cursor else (0, 0, last_renewal(sql))
    n = tables.node.c
    rows = sql.execute(select(tables.node).where(n.seq > node_seq).order_by(n.seq).limit(limit)).all()
    last = rows[-1].seq if rows else node_seq
    edges, full = _edges_after(sql, edge_seq, last, limit)
    renewed = renewed_after(sql, renewal, node_seq, limit)
    ids = [row.id for row in (*renewed, *rows)]
    record = Record(
        nodes=tuple(to_node(row) for row in (*renewed, *rows)),
        edges=tuple(Edge(*row[1:5]) for row in edges),
        **_details(sql, ids),
    )
    following = f"{last}:{edges[-1].seq if edges else edge_seq}:{renewed[-1].changed if renewed else renewal}"
    more = full or limit in (len(rows), len(renewed))
    return Page(record, following, more, numbers_of(sql, ids))


def _parts(cursor: str) -> tuple[int, int, int]:
    """How far a reader is with nodes, edges and renewals."""
    parts = cursor.split(":")
    if len(parts) != 3 or not all(parts):
        raise _not_ours(cursor)
    return position(parts[0]), position(parts[1]), position(parts[2])


def numbers_of(sql: Connection, ids: Sequence[str]) -> dict[str, int]:
    t = tables.number.c
    query = select(t.node, t.number)
    return {row.node: row.number for some in pieces(ids) for row in sql.execute(query.where(t.node.in_(some)))}


def _edges_after(sql: Connection, edge_seq: int, node_seq: int, limit: int) -> tuple[list[Any], bool]:
    """Edges in order of writing, as far as both their ends have been handed out; whether that is all there is room for."""
    t, s, d = tables.link.c, tables.node.alias(), tables.node.alias()
    ends = tables.link.join(s, s.c.seq == t.src).join(d, d.c.seq == t.dst)
    columns = select(t.seq, s.c.id, t.rel, d.c.id, t.role, t.src, t.dst).select_from(ends)
    rows = sql.execute(columns.where(t.seq > edge_seq).order_by(t.seq).limit(limit)).all()
    ready = list(takewhile(lambda row: row[5] <= node_seq and row[6] <= node_seq, rows))
    return ready, len(rows) == limit


def _details(sql: Connection, ids: Sequence[str]) -> dict[str, Any]:
    f, p, b = tables.feature.c, tables.param.c, tables.file.c
    return {
        "features": tuple(
            Feature(*row)
            for some in pieces(ids)
            for row in sql.execute(
                select(f.node, f.name, f.type, f.unit, f.role).where(f.node.in_(some)).order_by(f.node, f.position)
            )
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
