"""The store: nodes and edges, labels, metrics, blobs by digest; lineage, find, check. Everything made is kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instar.store.embedded import Store, open_store

__all__ = ["Store", "open_store"]


def __getattr__(name: str) -> Any:
    """SQLAlchemy costs most of a second to import: only whoever opens a store pays for it."""
    if name in __all__:
        from instar.store import embedded

        return getattr(embedded, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
