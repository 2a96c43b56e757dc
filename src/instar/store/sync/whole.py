"""Everything that one store has and the other lacks, page by page; each page is remembered once all of it is durable."""

from __future__ import annotations

from collections.abc import Sequence

from instar.store.records import Label, Metric, Series
from instar.store.store import Store
from instar.store.sync.parcel import Parcels
from instar.store.sync.transfer import Progress, Transfer

PAGE = 1000  # nodes, labels or metrics at a time
POINTS = 20_000  # of a metric at a time


def send_all(source: Store, target: Store, transfer: Transfer, progress: Progress) -> None:
    """Bring everything of ``source`` that is missing to ``target``."""
    parcels = Parcels(source, target, transfer, progress)
    send_nodes(parcels)
    settle(parcels)
    send_labels(parcels)
    send_metrics(parcels)


def send_nodes(parcels: Parcels) -> None:
    source, target = parcels.source, parcels.target
    cursor, more = target.peers.cursors(source.id).get("nodes", ""), True
    while more:
        page = source.nodes.since(cursor, PAGE)
        parcels.send(page.record, page.numbers)
        if page.cursor != cursor:
            target.peers.advance(source.id, {"nodes": page.cursor})
        cursor, more = page.cursor, page.more


def settle(parcels: Parcels) -> None:
    """Only after something came, or when it was interrupted the last time."""
    source, target = parcels.source, parcels.target
    cursors = target.peers.cursors(source.id)
    if cursors.get("settled") != cursors.get("nodes"):
        parcels.settle()
        target.peers.advance(source.id, {"settled": cursors["nodes"]})


def send_labels(parcels: Parcels) -> None:
    """The remembered cursor stops before the first label that is not accepted yet: it is sent again next time."""
    source, target = parcels.source, parcels.target
    cursor, more, held = target.peers.cursors(source.id).get("labels", ""), True, False
    while more:
        page = source.labels.since(cursor, PAGE)
        _need_subjects(parcels, {label.subject for label in page.labels})
        held = merge_labels(parcels, page.labels) or held
        if page.cursor != cursor and not held:
            target.peers.advance(source.id, {"labels": page.cursor})
        cursor, more = page.cursor, page.more


def merge_labels(parcels: Parcels, labels: Sequence[Label]) -> bool:
    """Bring labels whose subjects the target knows; whether some are not accepted yet."""
    if not labels:
        return False
    counts = parcels.target.labels.of(sorted({label.subject for label in labels}))
    wanted = [label for label in labels if counts[label.subject].get(label.key) != label]
    ahead = parcels.target.labels.merge(wanted) if wanted else []
    news = [label for label in wanted if _later(label, counts[label.subject].get(label.key))]
    parcels.transfer.labels += len(news) - len(ahead)
    parcels.transfer.deferred += len(ahead)
    parcels.progress(parcels.transfer)
    return bool(ahead)


def _later(label: Label, counts: Label | None) -> bool:
    """An older one is history: sent, in case that it is not known, and not counted."""
    return counts is None or (label.at, label.id) > (counts.at, counts.id)


def send_metrics(parcels: Parcels) -> None:
    source, target = parcels.source, parcels.target
    cursor, more = target.peers.cursors(source.id).get("metrics", ""), True
    while more:
        page = source.metrics.since(cursor, PAGE)
        _need_subjects(parcels, {series.run for series in page.series})
        append_points(parcels, page.series)
        if page.cursor != cursor:
            target.peers.advance(source.id, {"metrics": page.cursor})
        cursor, more = page.cursor, page.more


def append_points(parcels: Parcels, series: Sequence[Series]) -> None:
    """Of each metric the points after those that the target has; all of them when the two differ further back."""
    if not series:
        return
    after = _agreed(parcels, series)
    left = list(series)
    while left:
        some = parcels.source.metrics.points(left, after, POINTS)
        if some:
            parcels.target.metrics.append(some)
            parcels.transfer.points += len(some)
            parcels.progress(parcels.transfer)
        if len(some) < POINTS:
            return
        last = some[-1]
        left = left[left.index(Series(last.run, last.key)) :]
        after[f"{last.run}/{last.key}"] = (last.step, last.at)


def _agreed(parcels: Parcels, series: Sequence[Series]) -> dict[str, tuple[int, int]]:
    """By ``run/key`` how far the two stores have the same points, where the target has any."""
    there = parcels.target.metrics.last(sorted({each.run for each in series}))
    started = [each for each in series if each.key in there[each.run]]
    if not started:
        return {}
    until = {f"{each.run}/{each.key}": _position(there[each.run][each.key]) for each in started}
    states = zip(started, parcels.target.metrics.states(started, until), parcels.source.metrics.states(started, until))
    same = {f"{each.run}/{each.key}" for each, theirs, ours in states if theirs == ours}
    return {name: position for name, position in until.items() if name in same}


def _position(point: Metric) -> tuple[int, int]:
    return point.step, point.at


def _need_subjects(parcels: Parcels, ids: set[str]) -> None:
    """What was recorded since its page was read comes first."""
    if ids - parcels.target.nodes.has(ids):
        send_nodes(parcels)
