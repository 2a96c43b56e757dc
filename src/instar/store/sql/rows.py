"""Rows of the tables as values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from instar.store.records import Node
from instar.store.sql import tables
from instar.store.sql.database import pieces


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


def known_ids(sql: Connection, ids: Iterable[str]) -> set[str]:
    """Those of ``ids`` that are recorded."""
    query = select(tables.node.c.id)
    return {id for some in pieces(ids) for id in sql.scalars(query.where(tables.node.c.id.in_(some)))}


def insert_new(sql: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert what is not there yet; what is stays as it is."""
    if rows:
        insert = postgresql.insert if sql.dialect.name == "postgresql" else sqlite.insert
        sql.execute(insert(table).on_conflict_do_nothing(), rows)
