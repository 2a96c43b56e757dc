"""What manifests and chunks say, for ``check`` and ``gc``: see ``instar.store.keeping.contents``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from instar.base.logical import logical_digest
from instar.data.datasets.manifest import Manifest
from instar.store.records import File, Node

if TYPE_CHECKING:
    from instar.store.store import Store


def blobs_named(data: bytes) -> list[str]:
    """The blobs of the chunks that a manifest lists."""
    return [chunk.file for chunk in Manifest.from_bytes(data).chunks]


def disagreements(store: Store, node: Node, file: File, data: bytes) -> list[str]:
    """A manifest against its node's digest and its chunks; a chunk's rows against its logical digest."""
    try:
        return _chunk(node, data) if node.kind == "chunk" else _manifest(store, node, data)
    except PolarsError as error:
        return [f"file {file.path} of {node.kind} {node.id} cannot be read: {error}"]


def _chunk(node: Node, data: bytes) -> list[str]:
    found = logical_digest(pl.read_parquet(io.BytesIO(data)))
    if found == node.digest:
        return []
    return [f"chunk {node.id}: its rows have the digest {found}, not {node.digest}; another program wrote its bytes"]


def _manifest(store: Store, node: Node, data: bytes) -> list[str]:
    manifest = Manifest.from_bytes(data)
    named = f"{node.kind} {node.id}"
    found = []
    if manifest.digest != node.digest:
        found.append(f"{named}: its manifest has the digest {manifest.digest}, not {node.digest}")
    if manifest.rows != node.doc.get("rows", manifest.rows):
        found.append(f"{named}: its manifest lists {manifest.rows} rows, its node says {node.doc['rows']}")
    if node.kind == "dataset_version":
        listed = {chunk.id for chunk in manifest.chunks}
        members = {edge.dst for edge in store.nodes.edges([node.id], "out", "member")}
        if listed != members:
            found.append(
                f"{named}: its manifest lists {len(listed)} chunks, it has edges to {len(members)}; "
                f"{len(listed ^ members)} are on one side only"
            )
    return found
