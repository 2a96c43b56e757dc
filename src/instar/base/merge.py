"""The merge protocol: what is learned in one place combines with what is learned in another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self, TypeVar, runtime_checkable


@runtime_checkable
class Mergeable(Protocol):
    """A value that adds: ``(a | b) | c`` equals ``a | (b | c)``, exactly or within the guarantee it states.

    Its bytes are stable (the same value, the same bytes) and begin with the version of their layout.
    """

    def __or__(self, other: Self, /) -> Self: ...

    def to_bytes(self) -> bytes: ...

    @classmethod
    def from_bytes(cls, data: bytes, /) -> Self: ...


M = TypeVar("M", bound=Mergeable)


def fold(parts: Iterable[M]) -> M:
    """Merge ``parts`` from the left, in the order given: never in a tree, which would round differently.

    Raises ValueError when there is no part.
    """
    iterator = iter(parts)
    try:
        total = next(iterator)
    except StopIteration:
        raise ValueError("nothing to merge: give at least one part") from None
    for part in iterator:
        total = total | part
    return total
