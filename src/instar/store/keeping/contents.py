"""What the bytes of certain files say: which other blobs they name, and whether they are what their node says.

The store knows bytes, not tables. A layer above says here how a file of its own is read; it is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from instar.store.records import File, Node
from instar.store.store import Store

# By the kind of the node and the path of the file: the module that reads it.
READERS = {
    ("chunk", "data.parquet"): "instar.data.datasets.contents",
    ("dataset_version", "manifest.arrow"): "instar.data.datasets.contents",
    ("table", "manifest.arrow"): "instar.data.datasets.contents",
}
NAMING = ("manifest.arrow",)  # files whose bytes name other blobs


class Reader(Protocol):
    """What such a module has."""

    def blobs_named(self, data: bytes) -> Sequence[str]:
        """The digests of the blobs that the file names."""

    def disagreements(self, store: Store, node: Node, file: File, data: bytes) -> Sequence[str]:
        """What the file says otherwise than its node and its edges do, in words."""


def reader(kind: str, path: str) -> Reader | None:
    """Who reads this file of a node of this kind; None when nobody has to."""
    where = READERS.get((kind, path))
    module: Reader | None = import_module(where) if where else None
    return module
