"""Writing edges: their ends exist, and no node becomes its own ancestor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from instar.base.errors import BadInput, NotFound
from instar.store.records import Edge
from instar.store.sql import tables
from instar.store.sql.database import pieces
from instar.store.sql.rows import insert_rows, serials

Above = dict[int, list[int]]  # for the serial number of a node those of what it came from


def put_edges(sql: Connection, edges: Sequence[Edge], fresh: Mapping[str, int]) -> None:
    """Write ``edges``; those that are there already stay. Raises NotFound, BadInput.

    fresh : the serial numbers of the nodes that this transaction wrote; nothing refers to them yet
    """
    if not edges:
        return
    seq = {**fresh, **_ends(sql, edges, fresh)}
    rows = [(seq[edge.src], seq[edge.dst], edge.rel, edge.role) for edge in edges]
    _stays_acyclic(sql, rows, set(fresh.values()))
    insert_rows(sql, tables.link, ("src", "dst", "rel", "role"), rows)


def _ends(sql: Connection, edges: Sequence[Edge], fresh: Mapping[str, int]) -> dict[str, int]:
    """The serial numbers of the ends that were there before."""
    old = sorted({id for edge in edges for id in (edge.src, edge.dst) if id not in fresh})
    known = serials(sql, old)
    for id in old:
        if id not in known:
            raise NotFound("node", id, next_step="an edge names it: put the node first, or in the same record")
    return known


def _stays_acyclic(sql: Connection, rows: Iterable[tuple[int, int, str, str]], fresh: Collection[int]) -> None:
    """No node may become its own ancestor.

    ``used`` says nothing about order: a step may read content and give the same content again (a distinct without
    effect). The order is what ``informed`` says, which is written beside every ``used``.

    Nothing old refers to a fresh node, so a circle lies among the new edges of fresh nodes (which are linear to look
    through), unless an old node gets a new edge: then what lies above it in the database is looked through too.
    """
    above: Above = {}
    for src, dst, rel, _ in rows:
        if rel != "used":
            above.setdefault(src, []).append(dst)
    if all(src in fresh and src > dst for src, all_dst in above.items() for dst in all_dst):
        return  # each fresh node came from older ones: serial numbers only fall along the edges
    _add_recorded(sql, above, fresh)
    if circle := _circle(above):
        id = sql.execute(select(tables.node.c.id).where(tables.node.c.seq == min(circle))).scalar_one()
        raise BadInput(f"node {id} would become its own ancestor; nothing was written. Turn the edge round")


def _add_recorded(sql: Connection, above: Above, fresh: Collection[int]) -> None:
    """Add what is recorded above the old nodes that get an edge, where that could close a circle."""
    targets = {dst for all_dst in above.values() for dst in all_dst}
    old = {src for src in above if src not in fresh}
    front = {dst for src in old & (targets | _with_descendants(sql, old)) for dst in above[src]}
    seen: set[int] = set()
    t = tables.link.c
    query = select(t.src, t.dst).where(t.rel != "used")
    while front:
        seen |= front
        after = {dst for src in front for dst in above.get(src, ())}
        for some in pieces(sorted(src for src in front if src not in fresh)):
            for src, dst in sql.execute(query.where(t.src.in_(some))):
                above.setdefault(src, []).append(dst)
                after.add(dst)
        front = after - seen


def _with_descendants(sql: Connection, nodes: Collection[int]) -> set[int]:
    t = tables.link.c
    query = select(t.dst).where(t.rel != "used").distinct()
    return {dst for some in pieces(sorted(nodes)) for dst in sql.scalars(query.where(t.dst.in_(some)))}


def _circle(above: Above) -> list[int]:
    """The nodes of one circle; none, when there is an order in which each comes after what it came from.

    >>> _circle({3: [2], 2: [1]}), sorted(_circle({3: [2], 2: [1], 1: [2]}))
    ([], [1, 2])
    """
    below: Above = {}
    waits: dict[int, int] = {}
    for src, all_dst in above.items():
        waits[src] = len(all_dst)
        for dst in all_dst:
            below.setdefault(dst, []).append(src)
    ready = [node for node in below if node not in waits]
    while ready:
        for src in below.get(ready.pop(), ()):
            waits[src] -= 1
            if not waits[src]:
                ready.append(src)
    left = {node for node, count in waits.items() if count}
    if not left:
        return []
    node, place = min(left), dict[int, int]()
    while node not in place:
        place[node] = len(place)
        node = next(dst for dst in above[node] if dst in left)
    return [each for each, position in place.items() if position >= place[node]]
