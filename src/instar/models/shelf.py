"""Bundles in a store: their files are blobs, and a ``bundle`` content node names them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from instar.base.errors import BadInput, NotFound
from instar.base.ids import content_id
from instar.models.bundle import Bundle
from instar.models.vouched import need_vouched
from instar.store.records import File, Node, Record

if TYPE_CHECKING:
    from instar.store import Store


def put_bundle(store: Store, bundle: Bundle) -> tuple[str, Record]:
    """Keep the files of ``bundle`` as blobs; its digest, and the record of its ``bundle`` node for the caller to put."""
    with tempfile.TemporaryDirectory(prefix="instar-bundle-") as name:
        folder = Path(name)
        description = bundle.save(folder)
        id = content_id("bundle", description.digest)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = [(path.relative_to(folder).as_posix(), *store.blobs.put_file(path)) for path in paths]
    node = Node(id, "bundle", description.digest, doc={"format": description.format, "learner": description.learner})
    return description.digest, Record((node,), files=tuple(File(id, *file) for file in files))


def load_bundle(store: Store, node_id: str, trusted: Sequence[str] = ()) -> Bundle:
    """The bundle of a ``bundle`` node. Raises NotFound, Corrupt, Untrusted, UntrustedCode."""
    with bundle_folder(store, node_id) as folder:
        need_vouched(store, node_id, folder)
        return Bundle.load(folder, trusted)


@contextmanager
def bundle_folder(store: Store, node_id: str) -> Iterator[Path]:
    """The files of a node in a temporary folder, each checked against its digest."""
    with tempfile.TemporaryDirectory(prefix="instar-bundle-") as name:
        write_files(store, node_id, Path(name))
        yield Path(name)


def write_files(store: Store, node_id: str, folder: Path) -> None:
    """Write the files of a node below ``folder``. Raises NotFound when it has none, BadInput for a path that leaves it."""
    files = store.nodes.files([node_id])
    if not files:
        raise NotFound(
            "bundle", node_id, next_step="its files are not in this store; `instar check` says what is missing"
        )
    for file in files:
        inside = PurePosixPath(file.path)
        if inside.is_absolute() or ".." in inside.parts or not inside.parts:
            raise BadInput(
                f"node {node_id} names the file {file.path!r}, which would leave its folder; nothing was written"
            )
        path = folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.blobs.read(file.digest))


def file_of(store: Store, node_id: str, path: str) -> bytes | None:
    """One file of a node, or None when it has no such file."""
    for file in store.nodes.files([node_id]):
        if file.path == path:
            return store.blobs.read(file.digest)
    return None
