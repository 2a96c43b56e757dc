"""What a token may see: all of the store, or only what belongs to its project."""

from __future__ import annotations

from instar.base.errors import Forbidden
from instar.serve.tokens import Identity
from instar.store.store import Store


class Scopes:
    """The store as each token sees it."""

    def __init__(self, store: Store) -> None:
        self.whole = store

    def store_for(self, identity: Identity) -> Store:
        if identity.project:
            raise Forbidden(f"this token is for the project {identity.project} alone; one for all projects is needed")
        return self.whole
