"""Finding a prediction by its id, and what became known about it, wherever its segment is now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from instar.base.ids import named_id
from instar.data.datasets.chunks import Chunk, read_chunk
from instar.data.datasets.manifest import Manifest
from instar.serve.errors import UnknownPrediction
from instar.serve.journal import FOLDER
from instar.serve.prediction_id import PredictionId
from instar.serve.seal import FEEDBACK, PREDICTIONS, dataset_name
from instar.serve.segment import Feedback, Header, Prediction, logs, read_prediction, scan
from instar.serve.tables import Decision, decision, feedback_doc, feedback_of, prediction_of, record_of
from instar.store import Store, open_store
from instar.store.records import Node


def lookup(prediction_id: str, store: Store | None = None) -> Decision:
    """The whole decision behind a prediction. Raises UnknownPrediction with the reason.

    The record is found at once: in an open segment by its place in the index, in a sealed one by its row in a chunk.
    Feedback may have come at any later time, so it is looked for in the later segments.
    """
    store = store or open_store()
    id = PredictionId.parse(prediction_id)
    header, record, dataset = find_record(store, id)
    known = [feedback_doc(each) for each in feedback_for(store, header, prediction_id)]
    return msgspec.structs.replace(decision(header, id.number, record), feedback=known, dataset=dataset)


def find_record(store: Store, id: PredictionId) -> tuple[Header, Prediction, str]:
    """The header of its segment, its record, and the id of its dataset version (empty while the segment is open)."""
    path = store.folder / FOLDER / f"{id.segment}.log"
    try:
        found = read_prediction(path, id.number)
    except FileNotFoundError:  # sealed, or never here
        return _find_sealed(store, id)
    if found is None:
        raise _lost(id)
    header, payload = found
    return header, prediction_of(payload), ""


def _find_sealed(store: Store, id: PredictionId) -> tuple[Header, Prediction, str]:
    if id.segment not in store.nodes.has([id.segment]):
        raise UnknownPrediction(
            str(id), f"no journal of this store has its segment; replica {id.replica} may belong to another store"
        )
    for version in _generated(store, id.segment):
        if version.doc["source"]["what"] != PREDICTIONS:
            continue
        header = msgspec.convert(version.doc["source"]["header"], Header)
        first = 0
        for chunk in _manifest(store, version.doc["manifest"]).chunks:
            if id.number < first + chunk.rows:
                row = _chunk(store, chunk).row(id.number - first, named=True)
                return header, record_of(header, row), version.id
            first += chunk.rows
    raise _lost(id)


def _lost(id: PredictionId) -> UnknownPrediction:
    return UnknownPrediction(
        str(id),
        "its segment has no such record. If the id was given by an answer, that said `durable: false`, and the server "
        "ended abruptly within 100 ms, before the record was on disk; deploy with durable=True where that must not happen",
    )


def _generated(store: Store, segment: str) -> list[Node]:
    ids = [edge.src for edge in store.nodes.edges([segment], "in", "generated")]
    return [node for node in store.nodes.get(ids) if node.kind == "dataset_version"]


@lru_cache(maxsize=64)
def _manifest(store: Store, digest: str) -> Manifest:
    return Manifest.from_bytes(store.blobs.read(digest))


@lru_cache(maxsize=4)
def _chunk(store: Store, chunk: Chunk) -> pl.DataFrame:
    """Late feedback comes in the order of its predictions more often than not: the last chunks are kept."""
    return read_chunk(store, chunk)


def feedback_for(store: Store, header: Header, prediction_id: str) -> list[Feedback]:
    """All feedback for one prediction, oldest first."""
    segments = feedback_of_deployment(store, header.project, header.deployment, only=prediction_id)
    return sorted((record for _, records in segments for record in records), key=lambda record: record.at)


def feedback_of_deployment(
    store: Store, project: str, deployment: str, only: str = ""
) -> Iterator[tuple[str, list[Feedback]]]:
    """The feedback of each segment of a deployment, sealed or open. only : of this prediction

    The open logs are read first: one that is sealed meanwhile is then found twice, and given once.
    """
    opened: dict[str, list[Feedback]] = {}
    for path in logs(store.folder / FOLDER):
        found = scan(path) if path.exists() else None
        if found and (found.header.project, found.header.deployment) == (project, deployment):
            records = map(feedback_of, found.feedback)
            opened[found.header.segment] = [each for each in records if only in ("", each.prediction)]
    for _, version in store.nodes.versions(named_id(project, "dataset", dataset_name(deployment, FEEDBACK))):
        segment = version.doc["source"]["header"]["segment"]
        opened.pop(segment, None)
        frames = (read_chunk(store, chunk) for chunk in _manifest(store, version.doc["manifest"]).chunks)
        frame = pl.concat(part.filter(pl.col("prediction") == only) if only else part for part in frames)
        yield segment, [_feedback(row) for row in frame.iter_rows(named=True)]
    yield from opened.items()


def _feedback(row: dict[str, Any]) -> Feedback:
    return Feedback(
        prediction=row["prediction"],
        at=int(row["at"].timestamp() * 1e6 + 0.5),
        predicted_at=int(row["predicted_at"].timestamp() * 1e6 + 0.5),
        arm=row["version"],
        key=row["key"],
        propensity=row["propensity"],
        value=row["value"],
        reward=row["reward"],
        counted=row["counted"],
    )
