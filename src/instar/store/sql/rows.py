"""Rows of the tables as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, CursorResult, Dialect, Row, Table, select

from instar.store.records import Node
from instar.store.sql import tables
from instar.store.sql.database import pieces

NODE_COLUMNS = ", ".join(Node.__struct_fields__)
_nodes = select(*(tables.node.c[name] for name in Node.__struct_fields__))


def to_node(row: Row[Any]) -> Node:
    """A node from a row that has its columns, and perhaps others."""
    mapping = row._mapping
    return node_of([mapping[name] for name in Node.__struct_fields__])


def node_of(values: Sequence[Any]) -> Node:
    """A node from the values of ``NODE_COLUMNS``."""
    id, kind, digest, project, name, created_at, created_by, doc = values
    return Node(
        id, kind, digest, project, name, created_at, created_by, {} if doc == "{}" else msgspec.json.decode(doc)
    )


def to_doc(node: Node) -> str:
    return msgspec.json.encode(node.doc).decode() if node.doc else "{}"


def fetched(result: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """All rows as the driver gives them: for closures of thousands of nodes it matters."""
    return list(result.cursor.fetchall()) if result.cursor is not None else []


def nodes_of(sql: Connection, seqs: Iterable[int]) -> dict[int, Node]:
    """Nodes by their serial numbers."""
    found, known = {}, list(seqs)
    for first in range(0, len(known), 5000):
        wanted = ",".join(map(str, known[first : first + 5000]))  # as parameters they would be too many
        rows = fetched(sql.exec_driver_sql(f"SELECT {NODE_COLUMNS}, seq FROM node WHERE seq IN ({wanted})"))
        for id, kind, digest, project, name, created_at, created_by, doc, seq in rows:
            values = {} if doc == "{}" else msgspec.json.decode(doc)
            found[seq] = Node(id, kind, digest, project, name, created_at, created_by, values)
    return found


def read_nodes(sql: Connection, ids: Iterable[str]) -> list[Node]:
    return [node_of(row) for some in pieces(ids) for row in sql.execute(_nodes.where(tables.node.c.id.in_(some)))]


def known_ids(sql: Connection, ids: Iterable[str]) -> set[str]:
    """Those of ``ids`` that are recorded."""
    query = select(tables.node.c.id)
    return {id for some in pieces(ids) for id in sql.scalars(query.where(tables.node.c.id.in_(some)))}


def serials(sql: Connection, ids: Iterable[str]) -> dict[str, int]:
    """The serial numbers of those of ``ids`` that are recorded."""
    t = tables.node.c
    query = select(t.id, t.seq)
    return {id: seq for some in pieces(ids) for id, seq in sql.execute(query.where(t.id.in_(some)))}


def insert_new(sql: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert what is not there yet; what is stays as it is."""
    if rows:
        insert_rows(sql, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


def insert_rows(sql: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, whose values stand in the order of ``columns``, as ``insert_new`` does, through the driver."""
    if rows:
        sql.exec_driver_sql(_insert(sql.dialect, table.name, tuple(columns)), list(rows))


@cache
def _insert(dialect: Dialect, table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(map(dialect.identifier_preparer.quote, columns))
    marks = ", ".join(["?" if dialect.paramstyle == "qmark" else "%s"] * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"
