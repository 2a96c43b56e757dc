"""Blobs that explain: why bytes are gone, and where a good copy of damaged ones may be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from instar.base.errors import Corrupt, NotFound
from instar.store.keeping.tombstones import why_gone
from instar.store.protocols import Blobs, Nodes
from instar.store.records import Stored

T = TypeVar("T")


class ExplainedBlobs:
    """The blobs of a store, whose errors say what its nodes know about them."""

    def __init__(self, blobs: Blobs, nodes: Nodes) -> None:
        self._blobs, self._nodes = blobs, nodes

    def put(self, data: bytes) -> str:
        return self._blobs.put(data)

    def put_file(self, path: Path) -> tuple[str, int]:
        return self._blobs.put_file(path)

    def read(self, digest: str) -> bytes:
        return self._explained(digest, lambda: self._blobs.read(digest))

    def fetch(self, digest: str, path: Path) -> int:
        return self._explained(digest, lambda: self._blobs.fetch(digest, path))

    def has(self, digests: Collection[str]) -> set[str]:
        return self._blobs.has(digests)

    def list(self, after: str = "", limit: int = 1000) -> Sequence[Stored]:
        return self._blobs.list(after, limit)

    def collect(self, digests: Sequence[str], before: int) -> Sequence[str]:
        return self._blobs.collect(digests, before)

    def delete(self, digest: str) -> None:
        self._blobs.delete(digest)

    def _explained(self, digest: str, work: Callable[[], T]) -> T:
        try:
            return work()
        except NotFound as error:
            raise why_gone(self._nodes, digest) or error from None
        except Corrupt as error:
            if copies := good_copies(self._nodes, digest):
                error.args = (f"{error}. {copies}",)
            raise


def good_copies(nodes: Nodes, digest: str) -> str:
    """Where bytes with this digest may be found, in words: the files that they, or their rows, were imported from."""
    holders = sorted({file.node for file in nodes.holders([digest])})
    made = {edge.dst for edge in nodes.edges(holders, "out", "generated")}
    files = [file for node in nodes.get(sorted(made)) for file in node.doc.get("files", ())]
    paths = list(dict.fromkeys(str(file["path"]) for file in files))[:3]
    again = f"; or import {' or '.join(paths)} again" if paths else ""
    return f"`instar check --repair STORE` takes it from another store that has it{again}"
