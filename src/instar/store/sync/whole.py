"""Everything that one store has and the other lacks, page by page; each page is remembered once all of it is durable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from instar.store.records import Label, Metric, Series, SeriesState
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
    there = dict(zip(series, parcels.target.metrics.states(series)))
    started = [each for each in series if there[each].count]
    until = {f"{each.run}/{each.key}": (there[each].step, there[each].at) for each in started}
    here = dict(zip(started, parcels.source.metrics.states(started, until))) if started else {}
    missing = (point for each in series for point in _points(parcels.source, each, there[each], here.get(each)))
    for some in _pieces(missing, POINTS):
        parcels.target.metrics.append(some)
        parcels.transfer.points += len(some)
        parcels.progress(parcels.transfer)


def _points(source: Store, series: Series, there: SeriesState, here: SeriesState | None) -> list[Metric]:
    equal = here is not None and (here.count, here.digest) == (there.count, there.digest)
    return source.metrics.history(series.run, series.key, (there.step, there.at) if equal else None)


def _pieces(points: Iterable[Metric], size: int) -> Iterator[list[Metric]]:
    points = iter(points)
    while some := list(islice(points, size)):
        yield some


def _need_subjects(parcels: Parcels, ids: set[str]) -> None:
    """What was recorded since its page was read comes first."""
    if ids - parcels.target.nodes.has(ids):
        send_nodes(parcels)
