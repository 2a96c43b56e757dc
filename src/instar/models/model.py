"""A model that was trained and recorded, and has no name yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from instar.models.bundle import Bundle
from instar.models.shelf import load_bundle

if TYPE_CHECKING:
    from instar.store import Store


@dataclass(frozen=True)
class Model:
    """A trained model in ``store``. id, digest : of its bundle;  activity : id of the training that made it"""

    id: str
    digest: str
    activity: str
    project: str
    store: Store

    def bundle(self) -> Bundle:
        """The estimator with its preparation and signature, loaded anew."""
        return load_bundle(self.store, self.id)
