"""The store: everything in one place, whatever it is kept in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from instar.store.protocols import Access, Blobs, Catalogue, Labels, Memo, Metrics, Nodes, Peers


class Store:
    """Where everything is kept: a folder, PostgreSQL with an object store, or an Instar server.

    location : what opens it again: a path or a URL, without secrets
    folder : its place on this machine: the store itself, or a working folder for one that lies elsewhere (what lives
        and dies with this machine: locks of processes, open journals)
    environment : the secrets that another process needs beside the location, as settings of its environment

    A process opens a location once (``open_store`` hands out the same object); several processes may share it.
    """

    nodes: Nodes
    labels: Labels
    metrics: Metrics
    blobs: Blobs
    memo: Memo
    access: Access
    peers: Peers
    catalogue: Catalogue

    def __init__(self, location: str, folder: Path) -> None:
        self.location = location
        self.folder = folder
        self.environment: dict[str, str] = {}
        self.when_closed: Callable[[], None] = lambda: None  # whoever hands stores out opens this one anew then

    @property
    def id(self) -> str:
        """The store's own id, wherever it is opened from."""
        return self.peers.id()

    def problems(self) -> list[str]:
        """What the database behind it finds wrong with itself; nothing, in a sound one."""
        return []

    def close(self) -> None:
        """Give back files and connections; what was acknowledged is durable already."""
        self.when_closed()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r})"
