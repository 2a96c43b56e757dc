"""Walking the lineage: the closure of a node, upwards to its sources or downwards to what came of it.

Content is shared: two activities may make the same bytes. So the walk follows activities (``informed``), and does not
leave content that it reached through an activity (``used``, ``derived``, ``member``, or ``generated`` downwards) towards
other activities that merely made or used equal content elsewhere. Such a node is *closed*; the start is open.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, text

from instar.base.errors import NotFound
from instar.store.records import Edge, Graph
from instar.store.sql.rows import to_node

# UNION, never UNION ALL: in a directed acyclic graph the number of paths explodes.
_UP = text("""
WITH RECURSIVE walk(id, open) AS (
  SELECT CAST(:start AS VARCHAR(32)), 1
  UNION
  SELECT e.dst, CASE WHEN e.rel IN ('used', 'derived', 'member') THEN 0 ELSE 1 END
  FROM walk JOIN edge e ON e.src = walk.id
  WHERE walk.open = 1 OR e.rel <> 'generated'
)
SELECT n.id, n.kind, n.digest, n.project, n.name, n.created_at, n.created_by, n.doc, max(walk.open) AS open
FROM walk JOIN node n ON n.id = walk.id GROUP BY n.id
""")
_DOWN = text("""
WITH RECURSIVE walk(id, open) AS (
  SELECT CAST(:start AS VARCHAR(32)), 1
  UNION
  SELECT e.src, CASE WHEN e.rel = 'generated' THEN 0 ELSE 1 END
  FROM walk JOIN edge e ON e.dst = walk.id
  WHERE walk.open = 1 OR e.rel = 'invalidated'
)
SELECT n.id, n.kind, n.digest, n.project, n.name, n.created_at, n.created_by, n.doc, max(walk.open) AS open
FROM walk JOIN node n ON n.id = walk.id GROUP BY n.id
""")
_EDGES = {
    True: text("SELECT src, rel, dst, role FROM edge WHERE src IN :ids ORDER BY seq").bindparams(
        bindparam("ids", expanding=True)
    ),
    False: text("SELECT src, rel, dst, role FROM edge WHERE dst IN :ids ORDER BY seq").bindparams(
        bindparam("ids", expanding=True)
    ),
}


def walk(sql: Connection, start: str, depth: int | None, up: bool) -> Graph:
    """The closure of ``start`` with distances; cut at ``depth`` edges from it when that is given."""
    rows = {row.id: row for row in sql.execute(_UP if up else _DOWN, {"start": start})}
    if start not in rows:
        raise NotFound("node", start)
    edges = _edges_within(sql, rows, up)
    distance = _distances(start, edges, up)
    kept = {id for id, far in distance.items() if depth is None or far <= depth}
    nodes = sorted(kept, key=lambda id: (distance[id], rows[id].kind, id))
    return Graph(
        start=start,
        nodes=tuple(to_node(rows[id]) for id in nodes),
        edges=tuple(edge for edge in edges if edge.src in kept and edge.dst in kept),
        depth={id: distance[id] for id in nodes},
    )


def _edges_within(sql: Connection, rows: dict[str, Any], up: bool) -> list[Edge]:
    """The edges that the walk followed."""
    found = []
    ids = sorted(rows)
    for first in range(0, len(ids), 500):
        for row in sql.execute(_EDGES[up], {"ids": ids[first : first + 500]}):
            edge = Edge(row.src, row.rel, row.dst, row.role)
            if edge.src in rows and edge.dst in rows and _followed(edge, rows[edge.src if up else edge.dst].open, up):
                found.append(edge)
    return found


def _followed(edge: Edge, is_open: int, up: bool) -> bool:
    return bool(is_open) or (edge.rel != "generated" if up else edge.rel == "invalidated")


def _distances(start: str, edges: list[Edge], up: bool) -> dict[str, int]:
    after: dict[str, list[str]] = {}
    for edge in edges:
        here, there = (edge.src, edge.dst) if up else (edge.dst, edge.src)
        after.setdefault(here, []).append(there)
    distance = {start: 0}
    front = [start]
    while front:
        following = []
        for here in front:
            for there in after.get(here, ()):
                if there not in distance:
                    distance[there] = distance[here] + 1
                    following.append(there)
        front = following
    return distance
