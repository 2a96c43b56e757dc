"""The store: nodes and edges, labels, metrics, blobs by digest; lineage, find, sync, check. Everything made is kept here."""

from instar.store.opening import open_store
from instar.store.store import Store

__all__ = ["Store", "open_store"]
