"""What a store holds, as one value to compare: everything but what each store does for itself."""

from __future__ import annotations

from typing import Any

from instar.store import Store
from instar.store.blobs import every_blob
from instar.store.records import Metric
from instar.store.sync.parcel import NUMBER


def state(store: Store) -> dict[str, Any]:
    """Nodes, edges, details, labels, points and blobs; not numbers, times of recording, audit and cursors."""
    found: dict[str, Any] = {"nodes": {}, "edges": set(), "features": set(), "params": set(), "files": set()}
    cursor, more = "", True
    while more:
        page = store.nodes.since(cursor, 100)
        cursor, more = page.cursor, page.more
        found["nodes"] |= {node.id: node for node in page.record.nodes}
        for name in ("edges", "features", "params", "files"):
            found[name] |= set(getattr(page.record, name))
    found["labels"] = {label.id: label for label in store.labels.since("", 1_000_000).labels if label.key != NUMBER}
    series = store.metrics.since("", 1_000_000).series
    points = [point for each in series for point in store.metrics.history(each.run, each.key)]
    found["points"] = {_plain(point) for point in points}
    found["last"] = {_plain(point) for each in series for point in store.metrics.last([each.run])[each.run].values()}
    found["blobs"] = {blob.digest for blob in every_blob(store.blobs)}
    return found


def _plain(point: Metric) -> tuple[object, ...]:
    """A NaN equals itself here."""
    return (point.run, point.key, point.step, point.at, repr(float(point.value)))
