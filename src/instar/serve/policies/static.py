"""The policy that always asks the same candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from instar.serve.policies.base import Answer, Choice, policy
from instar.serve.policies.state import PolicyState


@policy("static")
@dataclass(frozen=True)
class Static:
    """Always the candidate at position ``arm``. Feedback is counted, and changes nothing.

    >>> Static().select(Static().init("here"), ["m1", "m2"], "", 0, Random(0))
    Choice(asked=(0,), propensities=(1.0, 0.0))
    """

    name: ClassVar[str]
    arm: int = 0

    def init(self, origin: str) -> PolicyState:
        return PolicyState(origin)

    def key(self, context: Mapping[str, Any]) -> str:
        return ""

    def select(self, state: PolicyState, arms: Sequence[str], key: str, at: int, random: Random) -> Choice:
        cached: Choice | None = state.cache.get(key)
        if cached is None or len(cached.propensities) != len(arms):
            cached = Choice((self.arm,), tuple(float(arm == self.arm) for arm in range(len(arms))))
            state.cache[key] = cached
        return cached

    def combine(self, answers: Sequence[Answer]) -> Answer:
        return answers[0]

    def observe(self, state: PolicyState, key: str, arm: str, propensity: float, reward: float, at: int) -> None:
        state.observe(key, arm, reward, at)
