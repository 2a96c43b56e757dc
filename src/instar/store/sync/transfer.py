"""What a push or a pull moved."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Transfer(msgspec.Struct):
    """What went from one store to another, so far. What the target had already is not counted.

    source, target : their locations
    added : nodes known there that got a parameter, feature or file;  points : of metrics
    bytes : of blobs that arrived;  bytes_known : of all blobs that were found missing
    erased : bytes removed from the target, since they were erased elsewhere
    deferred : labels that the target does not accept yet, since they are dated more than an hour ahead of its clock
    notes : what a person should know: what each store says differently, and what somebody else must do
    """

    source: str
    target: str
    nodes: int = 0
    added: int = 0
    edges: int = 0
    labels: int = 0
    points: int = 0
    blobs: int = 0
    bytes: int = 0
    bytes_known: int = 0
    erased: int = 0
    deferred: int = 0
    notes: list[str] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was missing."""
        return not (self.nodes or self.added or self.edges or self.labels or self.points or self.blobs or self.erased)


Progress = Callable[[Transfer], None]


def silent(transfer: Transfer) -> None:
    """Nobody looks."""
