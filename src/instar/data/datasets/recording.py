"""What is written in the store about a dataset version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from instar.base.clock import now
from instar.base.ids import named_id, version_id
from instar.base.settings import author_setting
from instar.data.datasets.manifest import Manifest
from instar.store.records import Edge, Feature, File, Node, Record

if TYPE_CHECKING:
    from instar.store import Store

DATASET, VERSION = "dataset", "dataset_version"


def version_record(
    store: Store,
    name: str,
    manifest: str,
    *,
    project: str,
    activity: str,
    source: Mapping[str, Any] | None = None,
) -> tuple[str, Record]:
    """The id of the version that ``activity`` made, and the record of it.

    manifest : digest of the blob of its Manifest;  activity : id of a node that is recorded already or with the record
    When the version is there already, the record says only that this activity gave it too.
    """
    listed = Manifest.from_bytes(store.blobs.read(manifest))
    id, named = version_id(project, VERSION, name, listed.digest), named_id(project, DATASET, name)
    generated = Edge(id, "generated", activity, "out")
    if id in store.nodes.has([id]):
        return id, Record(edges=(generated,))
    at, by = now(), author_setting()
    fields = [
        {"name": field.name, "type": field.type, "unit": field.unit, "role": field.role} for field in listed.schema
    ]
    doc = {"rows": listed.rows, "manifest": manifest, "columns": fields, "source": dict(source or {})}
    nodes = (
        Node(named, DATASET, project=project, name=name, created_at=at, created_by=by),
        Node(id, VERSION, listed.digest, project, name, at, by, doc),
    )
    edges = (Edge(id, "specialization", named), generated)
    features = tuple(Feature(id, field.name, field.type, field.unit, field.role) for field in listed.schema)
    files = (File(id, "manifest.arrow", manifest, len(store.blobs.read(manifest))),)
    return id, Record(nodes, edges, features, files=files) + _chunks_record(id, activity, listed)


def _chunks_record(version: str, activity: str, manifest: Manifest) -> Record:
    """A chunk that occurs twice in a table is one node."""
    chunks = {chunk.id: chunk for chunk in manifest.chunks}.values()
    nodes = tuple(Node(chunk.id, "chunk", chunk.digest, doc={"rows": chunk.rows}) for chunk in chunks)
    members = tuple(Edge(version, "member", chunk.id) for chunk in chunks)
    made = tuple(Edge(chunk.id, "generated", activity, "chunk") for chunk in chunks)
    files = tuple(File(chunk.id, "data.parquet", chunk.file, chunk.size) for chunk in chunks)
    return Record(nodes, members + made, files=files)
