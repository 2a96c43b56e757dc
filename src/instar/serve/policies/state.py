"""What a policy has learned: per origin, per context key, per candidate. States merge.

Each origin (a journal segment, a replica) adds only to its own increments. Merging two states unites origins, of one
origin the later state wins, so merging twice counts nothing twice; a reader adds the origins up, in the order of
their names, so that every reader gets the same sum.
"""

from __future__ import annotations

from typing import Any

import msgspec

LAYOUT = b"\x01"
MOST_KEYS = 10_000
OTHER = "(other)"
_encoder = msgspec.msgpack.Encoder(order="deterministic")


class Evidence(msgspec.Struct, array_like=True):
    """Pseudo-counts of one candidate in one context, decayed to the time ``at``.

    n : feedback seen;  good, bad : decayed sums of the reward and of 1 - reward;  at : the latest event, microseconds

    An event of weight 1 at its own time weighs ``0.5 ** (age / half_life)`` later. That is the same sum against any
    fixed origin of time, so the order in which events arrive does not matter (up to rounding).
    """

    n: int = 0
    good: float = 0.0
    bad: float = 0.0
    at: int = 0

    def add(self, reward: float, at: int, half_life: float | None) -> None:
        """Add one event; ``half_life`` in microseconds, None forgets nothing."""
        weight = 1.0
        if at > self.at:
            self._decay(at, half_life)
        elif half_life:
            weight = 0.5 ** ((self.at - at) / half_life)
        self.n += 1
        self.good += weight * reward
        self.bad += weight * (1.0 - reward)

    def _decay(self, at: int, half_life: float | None) -> None:
        if half_life and self.n:
            factor = 0.5 ** ((at - self.at) / half_life)
            self.good *= factor
            self.bad *= factor
        self.at = at

    def seen_at(self, at: int, half_life: float | None) -> tuple[float, float]:
        """(good, bad) as they weigh at ``at``."""
        if not half_life:
            return self.good, self.bad
        factor = 0.5 ** (max(0, at - self.at) / half_life)
        return self.good * factor, self.bad * factor


def sum_of(parts: list[Evidence], half_life: float | None) -> Evidence:
    """All of ``parts``, decayed to the latest of their times."""
    at = max((part.at for part in parts), default=0)
    weighed = [part.seen_at(at, half_life) for part in parts]
    n = sum(part.n for part in parts)
    return Evidence(n, sum(good for good, _ in weighed), sum(bad for _, bad in weighed), at)


Table = dict[str, dict[str, Evidence]]  # context key -> candidate -> evidence


class Origin(msgspec.Struct, array_like=True):
    """The increments of one origin. count : events observed, by which the later of two states is known"""

    count: int = 0
    table: Table = {}


class PolicyState:
    """The increments of all known origins; ``own`` is the one that this state adds to.

    >>> left, right = PolicyState("a"), PolicyState("b")
    >>> left.observe("", "m1", 1.0, at=0), right.observe("", "m1", 0.0, at=0)
    (None, None)
    >>> both = left | right
    >>> both.seen("", "m1", at=0), (both | both).to_bytes() == both.to_bytes()
    ((1.0, 1.0), True)
    """

    def __init__(self, own: str, origins: dict[str, Origin] | None = None) -> None:
        self.own = own
        self.origins = dict(origins or {})
        self.cache: dict[str, Any] = {}  # a policy may keep what it computed for a key; never part of the bytes
        self._others: dict[tuple[str, str], Evidence] = {}

    @property
    def count(self) -> int:
        """Events observed, over all origins."""
        return sum(origin.count for origin in self.origins.values())

    @property
    def keys(self) -> list[str]:
        return sorted({key for origin in self.origins.values() for key in origin.table})

    def observe(self, key: str, arm: str, reward: float, at: int, half_life: float | None = None) -> None:
        """Add one event to this state's own increments; what was cached for the key is dropped."""
        mine = self.origins.setdefault(self.own, Origin())
        mine.count += 1
        mine.table.setdefault(key, {}).setdefault(arm, Evidence()).add(reward, at, half_life)
        self.cache.pop(key, None)

    def evidence(self, key: str, arm: str, half_life: float | None = None) -> Evidence:
        """The evidence of all origins together. The other origins' is added up once: it does not change in here."""
        others = self._others.get((key, arm))
        if others is None:
            names = sorted(name for name in self.origins if name != self.own)
            found = (self.origins[name].table.get(key, {}).get(arm) for name in names)
            others = self._others[key, arm] = sum_of([each for each in found if each], half_life)
        mine = self.origins.get(self.own)
        own = mine.table.get(key, {}).get(arm) if mine else None
        return sum_of([others, own], half_life) if own else others

    def seen(self, key: str, arm: str, at: int, half_life: float | None = None) -> tuple[float, float]:
        """The sums of good and bad over all origins, as they weigh at ``at``."""
        return self.evidence(key, arm, half_life).seen_at(at, half_life)

    def slot(self, key: str) -> str:
        """``key``, or the shared key once there are too many: a context of free text must not fill the memory."""
        if key in self.cache or len(self.cache) < MOST_KEYS:
            return key
        return key if any(key in origin.table for origin in self.origins.values()) else OTHER

    def __or__(self, other: PolicyState) -> PolicyState:
        origins = dict(self.origins)
        for name, theirs in other.origins.items():
            ours = origins.get(name)
            if ours is None or _rank(theirs) > _rank(ours):
                origins[name] = theirs
        return PolicyState(self.own, origins)

    def to_bytes(self) -> bytes:
        """Stable bytes: the same evidence, the same bytes. Who ``own`` is does not belong to them."""
        return LAYOUT + _encoder.encode({name: origin for name, origin in self.origins.items() if origin.count})

    @classmethod
    def from_bytes(cls, data: bytes, own: str = "") -> PolicyState:
        """Raises ValueError for bytes of another layout."""
        if data[:1] != LAYOUT:
            raise ValueError(f"policy state: layout {data[:1]!r} is not known here; {LAYOUT!r} is")
        return cls(own, msgspec.msgpack.decode(data[1:], type=dict[str, Origin]))


def _rank(origin: Origin) -> tuple[int, bytes]:
    """Later states have seen more; equal counts are equal states unless someone broke the rule: then bytes decide."""
    return origin.count, _encoder.encode(origin)
