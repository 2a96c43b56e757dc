"""Whether a bundle that runs code on load may be loaded: made here, from a trusted store, or signed by a registered key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from instar.base.ids import version_id
from instar.models.bundle import digest_of_folder, read_description
from instar.models.formats import format_named
from instar.models.signed import Signature
from instar.store.records import Node
from instar.store.trust import need_trust

if TYPE_CHECKING:
    from instar.store import Store


def need_vouched(store: Store, node_id: str, folder: Path) -> None:
    """Raises UntrustedCode when loading the bundle in ``folder``, which is that of the node, could run a stranger's code."""
    format = format_named(read_description(folder).format)
    if not getattr(format, "executes", True):  # a format that does not say so is not believed to be harmless
        return
    need_trust(
        store,
        node_id,
        f"the bundle {node_id} (format {format.name})",
        lambda: _is_signed(store, node_id, digest_of_folder(folder)),
        "somebody whose key is registered here signs it: `instar sign`",
    )


def _is_signed(store: Store, bundle: str, digest: str) -> bool:
    """Whether a registered key that was not revoked approved a version of exactly this bundle.

    A signature names the version, and the version's id follows from the bundle's digest: no other bundle can be put in.
    """
    public = {key.id: key.public for key in store.access.keys() if key.revoked_at is None}
    return any(
        signature.verdict == "approved" and signature.key in public and signature.is_by(public[signature.key])
        for version in _versions(store, bundle, digest)
        for signature in _signatures(store, version.id)
    )


def _versions(store: Store, bundle: str, digest: str) -> list[Node]:
    users = [edge.src for edge in store.nodes.edges([bundle], "in", "used") if edge.role == "model"]
    made = {edge.src for edge in store.nodes.edges(users, "in", "generated")}
    found = [node for node in store.nodes.get(sorted(made)) if node.kind == "model_version" and node.digest == digest]
    return [
        node
        for node in found
        if node.id == version_id(node.project, "model_version", node.name, digest, str(node.doc.get("training", "")))
    ]


def _signatures(store: Store, version: str) -> Iterator[Signature]:
    users = [edge.src for edge in store.nodes.edges([version], "in", "used") if edge.role == "version"]
    for node in store.nodes.get(users):
        if node.kind == "signature" and node.doc.get("version") == version:
            yield msgspec.convert(node.doc, Signature)
