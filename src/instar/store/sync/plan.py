"""What a push or pull would move, without moving it."""

from __future__ import annotations

from instar.store.records import File, Series
from instar.store.store import Store
from instar.store.sync.closure import belonging
from instar.store.sync.tombstones import Tombstones
from instar.store.sync.transfer import Progress, Transfer
from instar.store.sync.whole import PAGE


def plan(source: Store, target: Store, what: str = "", project: str = "", progress: Progress | None = None) -> Transfer:
    """Count what ``target`` lacks of ``source``, or only of ``what`` with its ancestry; nothing is changed.

    labels, points : those that would be looked at; some may be there already
    """
    transfer = Transfer(source.location, target.location)
    if what:
        ids = sorted(node.id for node in belonging(source, source.nodes.resolve(what, project)))
        inside = set(ids)
        edges = [edge for edge in source.nodes.edges(ids, "out") if edge.dst in inside]
        transfer.nodes = len(ids) - len(target.nodes.has(ids))
        transfer.edges = len(set(edges) - set(target.nodes.edges(sorted(target.nodes.has(ids)), "out")))
        _count_blobs(source, target, source.nodes.files(ids), transfer)
        return transfer
    _count_nodes(source, target, transfer, progress)
    _count_labels(source, target, transfer)
    _count_points(source, target, transfer)
    return transfer


def _count_nodes(source: Store, target: Store, transfer: Transfer, progress: Progress | None) -> None:
    cursor, more = target.peers.cursors(source.id).get("nodes", ""), True
    while more:
        page = source.nodes.since(cursor, PAGE)
        cursor, more = page.cursor, page.more
        known = target.nodes.has([node.id for node in page.record.nodes])
        transfer.nodes += len(page.record.nodes) - len(known)
        transfer.edges += len(page.record.edges)
        _count_blobs(source, target, page.record.files, transfer)
        if progress is not None:
            progress(transfer)


def _count_blobs(source: Store, target: Store, files: tuple[File, ...] | list[File], transfer: Transfer) -> None:
    wanted = Tombstones(source, target).needed(files)
    missing = wanted.keys() - target.blobs.has(wanted)
    transfer.blobs += len(missing)
    transfer.bytes += sum(wanted[digest].size for digest in missing)


def _count_labels(source: Store, target: Store, transfer: Transfer) -> None:
    cursor, more = target.peers.cursors(source.id).get("labels", ""), True
    while more:
        page = source.labels.since(cursor, PAGE)
        cursor, more = page.cursor, page.more
        there = target.labels.of(sorted({label.subject for label in page.labels}))
        known = {label.id for labels in there.values() for label in labels.values()}
        transfer.labels += sum(label.id not in known for label in page.labels)


def _count_points(source: Store, target: Store, transfer: Transfer) -> None:
    cursor, more = target.peers.cursors(source.id).get("metrics", ""), True
    while more:
        page = source.metrics.since(cursor, PAGE)
        cursor, more = page.cursor, page.more
        series: list[Series] = list(page.series)
        here, there = source.metrics.states(series), target.metrics.states(series)
        transfer.points += sum(max(0, a.count - b.count) for a, b in zip(here, there))
