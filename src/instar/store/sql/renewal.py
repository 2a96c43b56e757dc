"""Nodes that got something after they were recorded: an earlier time, a parameter, a file. Other stores must hear of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, select

from instar.store.records import Record
from instar.store.sql import tables
from instar.store.sql.database import pieces
from instar.store.sql.rows import insert_rows, serials


def with_more(sql: Connection, record: Record, fresh: Collection[str]) -> set[str]:
    """The nodes that were recorded before and get a feature, parameter or file with ``record`` that they have not yet."""
    f, p, b = tables.feature.c, tables.param.c, tables.file.c
    features = {(each.node, each.name, each.role) for each in record.features if each.node not in fresh}
    params = {(each.run, each.key) for each in record.params if each.run not in fresh}
    files = {(each.node, each.path) for each in record.files if each.node not in fresh}
    return (
        _new(sql, features, select(f.node, f.name, f.role), f.node)
        | _new(sql, params, select(p.run, p.key), p.run)
        | _new(sql, files, select(b.node, b.path), b.node)
    )


def _new(sql: Connection, rows: Collection[tuple[str, ...]], query: Select[Any], owner: Any) -> set[str]:
    if not rows:
        return set()
    owners = sorted({row[0] for row in rows})
    known = {tuple(row) for some in pieces(owners) for row in sql.execute(query.where(owner.in_(some)))}
    return {row[0] for row in rows if row not in known}


def renew(sql: Connection, ids: Iterable[str]) -> None:
    """Note that these nodes are to be read again by whoever follows this store. One writer at a time numbers them."""
    if not (changed := serials(sql, sorted(ids))):
        return
    t = tables.renewal
    seqs = sorted(changed.values())
    last = last_renewal(sql)
    for some in pieces(seqs):
        sql.execute(t.delete().where(t.c.node.in_(some)))
    insert_rows(sql, t, ("node", "changed"), [(seq, last + place) for place, seq in enumerate(seqs, 1)])


def last_renewal(sql: Connection) -> int:
    return int(sql.execute(select(func.max(tables.renewal.c.changed))).scalar() or 0)


def renewed_after(sql: Connection, changed: int, until: int, limit: int) -> list[Any]:
    """Rows of nodes, with ``changed``, that were renewed after that; only those with a serial number up to ``until``."""
    t, n = tables.renewal.c, tables.node
    query = select(t.changed, n).join(n, n.c.seq == t.node).where(t.changed > changed, t.node <= until)
    return list(sql.execute(query.order_by(t.changed).limit(limit)))
