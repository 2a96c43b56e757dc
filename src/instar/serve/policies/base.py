"""What a policy is: it selects among candidates, combines their answers and observes rewards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from random import Random
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from instar.base.errors import BadInput
from instar.base.tables import Table
from instar.serve.policies.state import PolicyState


class Choice(msgspec.Struct, frozen=True):
    """What was decided for one row.

    asked : positions of the candidates that are to answer
    propensities : for each candidate the probability with which it was asked, known when the decision was made;
        feedback is late, and only the probability of that moment makes it usable for off-policy evaluation
    """

    asked: tuple[int, ...]
    propensities: tuple[float, ...]


class Answer(msgspec.Struct, frozen=True):
    """One candidate's answer. score : the candidate's probability for ``value``, where it has one"""

    arm: int
    value: Any
    score: float | None = None
    scores: list[float] | None = None


class Policy(Protocol):
    """A rule for choosing. Immutable: what it learns lies in a ``PolicyState``, which merges."""

    name: ClassVar[str]

    def init(self, origin: str) -> PolicyState:
        """The state before any feedback; what it will learn is kept as the increments of ``origin``."""

    def key(self, context: Mapping[str, Any]) -> str:
        """The part of the context that the choice depends on, as text. Missing names count as null."""

    def select(self, state: PolicyState, arms: Sequence[str], key: str, at: int, random: Random) -> Choice:
        """Choose among ``arms`` (ids of model versions) at ``at`` (microseconds)."""

    def combine(self, answers: Sequence[Answer]) -> Answer:
        """One answer from those that arrived, at least one."""

    def observe(self, state: PolicyState, key: str, arm: str, propensity: float, reward: float, at: int) -> None:
        """Learn that ``arm``, asked at ``at`` with ``propensity``, earned ``reward`` in [0, 1]."""


P = TypeVar("P", bound=type[Any])
_json = msgspec.json.Encoder(order="deterministic").encode
POLICIES: Table[type[Policy]] = Table("policy", "instar.policies")


def policy(name: str) -> Callable[[P], P]:
    """Enter a policy, a frozen dataclass, into the table under ``name``."""

    def enter(cls: P) -> P:
        cls.name = name
        POLICIES.add(name, cls)
        return cls

    return enter


def key_of(by: Sequence[str], context: Mapping[str, Any]) -> str:
    """The key of a context: what counts of it, as JSON, so that two contexts never share a key.

    >>> key_of(["region", "hour"], {"region": "US", "user": 7})
    'region="US",hour=null'
    """
    return ",".join(f"{name}={_json(context.get(name)).decode()}" for name in by)


def policy_to_doc(rule: Policy) -> dict[str, Any]:
    """The policy as plain values.

    >>> from instar.serve.policies import Static
    >>> policy_to_doc(Static(1))
    {'name': 'static', 'arm': 1}
    """
    value: Any = rule  # whatever the caller gave: the protocol does not say that it is a dataclass
    if not is_dataclass(value):
        raise BadInput(f"policy {value!r} is not a dataclass, so its parameters cannot be recorded; make it one")
    values = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"name": rule.name, **{name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}}


def policy_from_doc(doc: Mapping[str, Any]) -> Policy:
    """The policy that ``doc`` describes. Raises NotFound naming the policies there are."""
    cls: Callable[..., Policy] = POLICIES[str(doc["name"])]
    return cls(**{key: value for key, value in doc.items() if key != "name"})
