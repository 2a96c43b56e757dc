"""Writing records: identities that agree, edges that end somewhere and close no circle, versions with numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import astuple
from sqlalchemy import Connection, func, select, update

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import BadInput, Conflict
from instar.base.ids import event_id, is_id
from instar.store.records import Edge, Feature, File, Label, Node, Param, Record
from instar.store.sql import tables
from instar.store.sql.database import pieces
from instar.store.sql.edges import put_edges
from instar.store.sql.paging import numbers_of
from instar.store.sql.renewal import renew, with_more
from instar.store.sql.rows import insert_rows, read_nodes, to_doc
from instar.store.sql.texts import check_texts

NUMBER = "number"  # the label that keeps what a version was numbered in the store it came from


def join(records: Sequence[Record]) -> Record:
    """All of ``records`` as one. Raises BadInput for a text that no database keeps."""
    for record in records:
        check_texts(record)
    return Record(
        *(
            tuple(item for record in records for item in getattr(record, name))
            for name in ("nodes", "edges", "features", "params", "files")
        )
    )


def put(sql: Connection, record: Record, numbers: Mapping[str, int], peer: str = "") -> None:
    fresh, earlier = _put_nodes(sql, record.nodes, peer)
    renew(sql, earlier | with_more(sql, record, fresh))
    put_edges(sql, record.edges, fresh)
    _put_numbers(sql, [edge for edge in record.edges if edge.rel == "specialization"], numbers)
    features = [(*astuple(feature), position) for position, feature in enumerate(record.features)]
    insert_rows(sql, tables.feature, (*Feature.__struct_fields__, "position"), features)
    _put_params(sql, record.params, fresh)
    insert_rows(sql, tables.file, File.__struct_fields__, [astuple(file) for file in record.files])


def _put_nodes(sql: Connection, nodes: Sequence[Node], peer: str) -> tuple[dict[str, int], set[str]]:
    """Write the nodes that are new; their serial numbers by id, and which of the others became earlier."""
    if not nodes:
        return {}, set()
    wanted: dict[str, Node] = {}
    for node in nodes:
        if not is_id(node.id):
            raise BadInput(f"node id {node.id!r} is not 32 hexadecimal digits; make ids with instar.base.ids")
        if (first := wanted.setdefault(node.id, node)) is not node:
            _same(first, node)
            if _is_earlier(node, first):
                wanted[node.id] = msgspec.structs.replace(first, created_at=node.created_at, created_by=node.created_by)
    by, at = actor(), clock.now()
    received = (at, by.name if by.proved else "", peer)
    t = tables.node.c
    last = sql.execute(select(func.max(t.seq))).scalar() or 0
    columns = (*Node.__struct_fields__, "recorded_at", "recorded_by", "recorded_from")
    insert_rows(sql, tables.node, columns, [(*astuple(node)[:-1], to_doc(node), *received) for node in wanted.values()])
    written = sql.execute(select(t.id, t.seq).where(t.seq > last))
    fresh = {id: seq for id, seq in written if id in wanted}
    earlier: set[str] = set()
    if len(fresh) < len(wanted):
        for known in read_nodes(sql, [id for id in wanted if id not in fresh]):
            _same(known, wanted[known.id])
            if _keep_earlier(sql, known, wanted[known.id]):
                earlier.add(known.id)
    return fresh, earlier


def _same(known: Node, given: Node) -> None:
    if (known.kind, known.digest) != (given.kind, given.digest):
        raise Conflict(
            f"node {given.id} is recorded as {known.kind} with digest {known.digest or '-'}, not as {given.kind} with "
            f"digest {given.digest or '-'}; nothing was written. Recorded things never change: make a new version"
        )


def _keep_earlier(sql: Connection, known: Node, given: Node) -> bool:
    """Where two stores differ in time or author, the earlier (time, author) is kept in both; whether it is the given."""
    if not _is_earlier(given, known):
        return False
    earlier = {"created_at": given.created_at, "created_by": given.created_by}
    sql.execute(update(tables.node).where(tables.node.c.id == known.id).values(**earlier))
    return True


def _is_earlier(given: Node, known: Node) -> bool:
    if known.created_at is None or given.created_at is None:
        return False
    return (given.created_at, given.created_by) < (known.created_at, known.created_by)


def _put_numbers(sql: Connection, edges: Sequence[Edge], numbers: Mapping[str, int]) -> None:
    """Number the versions that have no number yet: the one wanted if it is free, else the next; then a label keeps the
    one that it had elsewhere."""
    known = numbers_of(sql, [edge.src for edge in edges])
    new = {edge.src: edge.dst for edge in reversed(edges) if edge.src not in known}
    wanted = {version: numbers[version] for version in new if version in numbers}
    last, taken = _last_numbers(sql, new.values()), _taken(sql, new, wanted)
    rows, labels = [], []
    for version, named in reversed(new.items()):
        given = wanted.get(version)
        if given is None or (named, given) in taken:
            given = last.get(named, 0) + 1
        if version in wanted and given != wanted[version]:
            labels.append(Label(version, NUMBER, str(wanted[version]), by=actor().name, id=event_id()))
        taken.add((named, given))
        last[named] = max(last.get(named, 0), given)
        rows.append((named, given, version))
    insert_rows(sql, tables.number, ("named", "number", "node"), rows)
    if labels:
        at = clock.later(sql.execute(select(func.max(tables.label.c.at))).scalar() or 0)
        dated = [msgspec.structs.replace(label, at=at + later) for later, label in enumerate(labels)]
        insert_rows(sql, tables.label, Label.__struct_fields__, [astuple(label) for label in dated])


def _last_numbers(sql: Connection, named: Iterable[str]) -> dict[str, int]:
    t = tables.number.c
    query = select(t.named, func.max(t.number)).group_by(t.named)
    return {id: last for some in pieces(set(named)) for id, last in sql.execute(query.where(t.named.in_(some)))}


def _taken(sql: Connection, new: Mapping[str, str], wanted: Mapping[str, int]) -> set[tuple[str, int]]:
    """The numbers that are given already, where one is wanted."""
    t = tables.number.c
    query = select(t.named, t.number)
    named = {new[version] for version in wanted}
    return {(id, number) for some in pieces(named) for id, number in sql.execute(query.where(t.named.in_(some)))}


def _put_params(sql: Connection, params: Sequence[Param], fresh: Collection[str]) -> None:
    t = tables.param.c
    old = {param.run for param in params if param.run not in fresh}
    query = select(t.run, t.key, t.value)
    values = {
        (run, key): value for some in pieces(old) for run, key, value in sql.execute(query.where(t.run.in_(some)))
    }
    for param in params:
        known = values.setdefault((param.run, param.key), param.value)
        if known != param.value:
            raise Conflict(
                f"parameter {param.key!r} of run {param.run} is {known!r} and cannot become {param.value!r}; "
                "start another run, or log it under another name"
            )
    insert_rows(sql, tables.param, Param.__struct_fields__, [astuple(param) for param in params])
