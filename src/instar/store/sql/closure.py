"""Walking the lineage: the closure of a node, upwards to its sources or downwards to what came of it.

Content is shared: two activities may make the same bytes. So the walk follows activities (``informed``), and does not
leave content that it reached through an activity (``used``, ``derived``, ``member``, or ``generated`` downwards) towards
other activities that merely made or used equal content elsewhere. Such a node is *closed*; the start is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import BindParameter, Connection, bindparam, text

from instar.base.errors import NotFound
from instar.store.records import Edge, Graph, Node, Relation
from instar.store.sql.rows import NODE_COLUMNS, fetched, node_of, nodes_of

# UNION, never UNION ALL: in a directed acyclic graph the number of paths explodes.
_UP = """
WITH RECURSIVE walk(seq, open) AS (
  SELECT seq, 1 FROM node WHERE id = :start
  UNION
  SELECT e.dst, CASE WHEN e.rel IN ('used', 'derived', 'member') THEN 0 ELSE 1 END
  FROM walk JOIN link e ON e.src = walk.seq
  WHERE walk.open = 1 OR e.rel <> 'generated'
)
"""
_DOWN = """
WITH RECURSIVE walk(seq, open) AS (
  SELECT seq, 1 FROM node WHERE id = :start
  UNION
  SELECT e.src, CASE WHEN e.rel = 'generated' THEN 0 ELSE 1 END
  FROM walk JOIN link e ON e.dst = walk.seq
  WHERE walk.open = 1 OR e.rel = 'invalidated'
)
"""
_UP_EDGES = text(
    f"{_UP} SELECT e.seq, e.src, e.dst, e.rel, e.role FROM walk JOIN link e ON e.src = walk.seq "
    "WHERE walk.open = 1 OR e.rel <> 'generated'"
)
_DOWN_EDGES = text(
    f"{_DOWN} SELECT e.seq, e.src, e.dst, e.rel, e.role FROM walk JOIN link e ON e.dst = walk.seq "
    "WHERE walk.open = 1 OR e.rel = 'invalidated'"
)
_SERIAL = text("SELECT seq FROM node WHERE id = :start")
_REACHED = f"SELECT seq, {NODE_COLUMNS} FROM node WHERE seq IN (SELECT seq FROM walk) AND kind IN :kinds ORDER BY id"
_kinds: BindParameter[str] = bindparam("kinds", expanding=True)
_UP_REACHED, _DOWN_REACHED = (text(walk + _REACHED).bindparams(_kinds) for walk in (_UP, _DOWN))
_Link = tuple[int, int, int, Relation, str]  # seq, src, dst, rel, role


def within(up: bool) -> str:
    """The closure of ``:start`` as ``walk(seq, open)``, for a statement that goes on from it."""
    return _UP if up else _DOWN


def walk(sql: Connection, start: str, depth: int | None, up: bool) -> Graph:
    """The closure of ``start``, nearest first; cut at ``depth`` edges from it when that is given."""
    first = _serial(sql, start)
    found = {row[0]: row for row in fetched(sql.execute(_UP_EDGES if up else _DOWN_EDGES, {"start": start}))}
    links: list[_Link] = [found[seq] for seq in sorted(found)]  # in order of writing
    after: dict[int, list[int]] = defaultdict(list)
    if up:
        for _, src, dst, _, _ in links:
            after[src].append(dst)
    else:
        for _, src, dst, _, _ in links:
            after[dst].append(src)
    distance = _distances(first, after, depth)
    nodes = nodes_of(sql, distance)
    ids = {seq: node.id for seq, node in nodes.items()}
    beyond = 0
    if depth is not None:
        beyond = len({first, *(end for link in links for end in link[1:3])} - ids.keys())
        links = [link for link in links if link[1] in ids and link[2] in ids]
    return Graph(
        start=start,
        nodes=tuple([nodes[seq] for seq in distance]),
        edges=tuple([Edge(ids[src], rel, ids[dst], role) for _, src, dst, rel, role in links]),
        depth={ids[seq]: far for seq, far in distance.items()},
        beyond=beyond,
    )


def reached(sql: Connection, start: str, kinds: Sequence[str], up: bool) -> list[Node]:
    """The nodes of ``kinds`` in the closure of ``start``, by id."""
    _serial(sql, start)
    rows = fetched(sql.execute(_UP_REACHED if up else _DOWN_REACHED, {"start": start, "kinds": list(kinds)}))
    return [node_of(row[1:]) for row in rows]


def _serial(sql: Connection, start: str) -> int:
    row = sql.execute(_SERIAL, {"start": start}).first()
    if row is None:
        raise NotFound("node", start, next_step="`instar find` lists what is recorded")
    return int(row.seq)


def _distances(start: int, after: Mapping[int, Sequence[int]], depth: int | None) -> dict[int, int]:
    """How far each node is from ``start``, nearest first."""
    distance = {start: 0}
    front, far = [start], 0
    while front and (depth is None or far < depth):
        far += 1
        following = []
        for here in front:
            for there in after.get(here, ()):
                if there not in distance:
                    distance[there] = far
                    following.append(there)
        front = following
    return distance
