"""Closing the runs of processes that died without closing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instar.store.records import Label, Record
from instar.track import presence

if TYPE_CHECKING:
    from instar.store.store import Store


def sweep(store: Store) -> list[str]:
    """Mark the runs that dead processes left open as failed, and return their ids.

    Cheap when there is nothing to do (one folder is listed); several processes may sweep at once.
    """
    closed: list[str] = []
    for path in presence.files(store.folder):
        with presence.left_behind(path) as notes:
            if notes:
                closed += _close(store, notes)
    return closed


def _close(store: Store, notes: list[Record]) -> list[str]:
    runs = {node.id: node for record in notes for node in record.nodes if node.kind == "run"}
    _put_missing(store, notes, set(runs) - store.nodes.has(runs))
    status = store.labels.of(sorted(runs))
    left = [id for id in runs if (label := status[id].get("status")) is None or label.value == "running"]
    labels = []
    for id in left:
        doc = runs[id].doc
        error = f"the process {doc.get('pid')} on {doc.get('host')} ended without closing the run"
        labels += [Label(id, "error", error), Label(id, "status", "failed")]
        if "experiment" in doc and "experiment" not in status[id]:
            labels.append(Label(id, "experiment", doc["experiment"]))
    store.labels.set(labels)
    return left


def _put_missing(store: Store, notes: list[Record], missing: set[str]) -> None:
    """A run killed within its first moments is known from its note only."""
    records = [record for record in notes if missing.intersection(node.id for node in record.nodes)]
    if records:
        edges = [edge for record in records for edge in record.edges]
        known = missing | store.nodes.has({end for edge in edges for end in (edge.src, edge.dst)})
        whole = tuple(edge for edge in edges if edge.src in known and edge.dst in known)
        store.nodes.put([Record(tuple(node for record in records for node in record.nodes), whole)])
