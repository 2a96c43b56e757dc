"""A version of a model as a value: what the gate, signatures and judgements are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from instar.base.ids import content_id
from instar.models.bundle import Bundle
from instar.models.shelf import load_bundle
from instar.store.records import Node

if TYPE_CHECKING:
    from instar.store import Store


@dataclass(frozen=True)
class Published:
    """A published version. number : in this store;  digest : of its bundle;  new : whether publishing made it

    activity : id of the publication, which whoever uses the version names as ``informed``
    training : id of the activity that trained it
    """

    id: str
    name: str
    number: int
    digest: str
    project: str
    activity: str
    training: str
    node: Node
    store: Store
    new: bool = False

    def __str__(self) -> str:
        return f"{self.name}@{self.number}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self!s}, {self.id[:8]})"

    @property
    def bundle_id(self) -> str:
        """The id of the content node that holds its bundle."""
        return content_id("bundle", self.digest)

    def load(self, trusted: Sequence[str] = ()) -> Bundle:
        """Its bundle. Raises Untrusted when it holds types that its format does not trust."""
        return load_bundle(self.store, self.bundle_id, trusted)
