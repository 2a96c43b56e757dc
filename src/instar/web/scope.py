"""What a token may see: all of the store, or only what belongs to its project."""

from __future__ import annotations

from typing import cast

from instar.serve.tokens import Identity
from instar.store.protocols import Access, Blobs, Catalogue, Labels, Memo, Metrics, Nodes, Peers
from instar.store.store import Store
from instar.web.scoped import (
    Scoped,
    ScopedAccess,
    ScopedBlobs,
    ScopedLabels,
    ScopedMemo,
    ScopedMetrics,
    ScopedNodes,
    ScopedPeers,
)
from instar.web.sight import Sight


class ScopedStore(Store):
    """A store as one project sees it: its own nodes, and content that something of it refers to."""

    def __init__(self, store: Store, project: str) -> None:
        super().__init__(store.location, store.folder)
        sight = Sight(store, project)
        self.nodes = cast(Nodes, ScopedNodes(sight))
        self.labels = cast(Labels, ScopedLabels(sight))
        self.metrics = cast(Metrics, ScopedMetrics(sight))
        self.blobs = cast(Blobs, ScopedBlobs(sight))
        self.memo = cast(Memo, ScopedMemo(sight))
        self.access = cast(Access, ScopedAccess(sight))
        self.peers = cast(Peers, ScopedPeers(sight))
        self.catalogue = cast(Catalogue, Scoped(sight))


class Scopes:
    """The store as each token sees it."""

    def __init__(self, store: Store) -> None:
        self.whole = store
        self._scoped: dict[str, ScopedStore] = {}

    def store_for(self, identity: Identity) -> Store:
        if not identity.project:
            return self.whole
        scoped = self._scoped.get(identity.project)
        if scoped is None:
            scoped = self._scoped[identity.project] = ScopedStore(self.whole, identity.project)
        return scoped
