"""The candidates of a deployment, loaded in the model host from the store."""

from __future__ import annotations

from instar.models.bundle import Bundle
from instar.models.version import version
from instar.store import open_store

LOADER = "instar.serve.candidates:load"


def load(store: str, *versions: str) -> list[Bundle]:
    """The bundles of model versions, by id. Raises NotFound, Corrupt, Untrusted."""
    with open_store(store, create=False) as opened:
        return [version(each, opened).load() for each in versions]
