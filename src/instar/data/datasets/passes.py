"""Passes over the chunks of a table in a store: summaries of chunks that were taken once are remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from instar.base.digests import digest_value
from instar.base.merge import fold
from instar.data.datasets.chunks import Chunk, read_chunk
from instar.data.summaries import Of, Summary

if TYPE_CHECKING:
    from instar.store import Store

Progress = Callable[[int, int], None]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Passes:
    """progress : called with (chunks done, chunks in all), from the beginning in each pass"""

    store: Store
    chunks: Sequence[Chunk]
    progress: Progress | None = None

    def summarise(self, wants: Mapping[K, Of]) -> dict[K, Summary]:
        """The merged summaries of all chunks, folded in manifest order."""
        asked = list(wants.values())
        if not asked:
            return {}
        task = [of.definition() for of in asked]
        keys = [digest_value(["profile", task, chunk.digest]) for chunk in self.chunks]
        known = self.store.memo.get(keys)
        parts: list[list[bytes]] = []
        for done, (key, chunk) in enumerate(zip(keys, self.chunks), start=1):
            if key not in known:
                frame = read_chunk(self.store, chunk)
                known[key] = msgspec.msgpack.encode([of.of(frame).to_bytes() for of in asked])
                self.store.memo.put({key: known[key]})
            parts.append(msgspec.msgpack.decode(known[key], type=list[bytes]))
            if self.progress:
                self.progress(done, len(self.chunks))
        merged = (fold(of.from_bytes(part[place]) for part in parts) for place, of in enumerate(asked))
        return dict(zip(wants, merged))
