"""The predictions that rest on something: how many would have to be withdrawn, segment by segment."""

from __future__ import annotations

from collections import Counter

import msgspec
import polars as pl

from instar.data.datasets.chunks import read_chunk
from instar.data.datasets.manifest import Manifest
from instar.serve.journal import FOLDER
from instar.serve.seal import PREDICTIONS
from instar.serve.segment import scan
from instar.serve.tables import prediction_of
from instar.store import Store
from instar.store.records import Node


class Withdrawal(msgspec.Struct, frozen=True):
    """Predictions of one segment that were given by versions in doubt.

    segment : its id;  predictions : how many, of ``of`` in all;  sealed : false while a server may still write more
    """

    segment: str
    deployment: str
    predictions: int
    of: int
    sealed: bool

    def __str__(self) -> str:
        """
        >>> str(Withdrawal("0f", "rating", 3, 5, True))
        '3 of 5 predictions of rating, segment 0f'
        """
        still = "" if self.sealed else ", which is still open"
        return f"{self.predictions} of {self.of} predictions of {self.deployment}, segment {self.segment}{still}"


def withdrawals(store: Store, what: str) -> list[Withdrawal]:
    """The predictions to withdraw if ``what`` (an id) is bad, by segment, oldest first.

    Of a deployment with several candidates only the answers of those that came from ``what`` count. A segment whose
    journal lies on another machine and is not sealed yet counts none.
    """
    segments = store.nodes.reached(what, "down", ["segment"])
    doubtful = {node.id for node in store.nodes.reached(what, "down", ["model_version"])}
    found = []
    for segment in segments:
        given, sealed = _given(store, segment)
        counted = sum(count for version, count in given.items() if version in doubtful or not doubtful)
        if given:
            found.append(Withdrawal(segment.id, segment.name, counted, sum(given.values()), sealed))
    return found


def _given(store: Store, segment: Node) -> tuple[Counter[str], bool]:
    """How many answers each model version gave in a segment, and whether it is sealed."""
    log = scan(path) if (path := store.folder / FOLDER / f"{segment.id}.log").exists() else None
    if log is not None:
        return Counter(log.header.arms[prediction_of(payload).arm] for payload in log.predictions), False
    given: Counter[str] = Counter()
    made = [edge.src for edge in store.nodes.edges([segment.id], "in", "generated")]
    for version in store.nodes.get(made):
        if version.kind == "dataset_version" and version.doc["source"]["what"] == PREDICTIONS:
            for chunk in Manifest.from_bytes(store.blobs.read(version.doc["manifest"])).chunks:
                counts = read_chunk(store, chunk).get_column("version").value_counts()
                given.update(dict(counts.select(pl.col("version"), pl.col("count")).iter_rows()))
    return given, True
