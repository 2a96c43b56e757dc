"""Evidence: what the gate found about a version, one immutable blob that a person reads and signs."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Verdict = Literal["passed", "failed", "unknown"]
Scope = dict[str, Any]


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one check found.

    text : for people;  figures : SVG texts by file name;  facts : the same as plain values, for programs
    """

    name: str
    verdict: Verdict
    text: str
    figures: dict[str, str] = {}
    facts: dict[str, Any] = {}


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """All checks of one gate.

    version : id of the model version;  digest : of its bundle;  training, evaluation : ids of the activities judged
    scope : the contexts it was asked for, such as ``{"region": ["US", "CA"], "age": {"min": 18}}``
    rows : that the evaluation judged
    """

    version: str
    project: str
    model: str
    digest: str
    training: str
    checks: tuple[Check, ...]
    evaluation: str = ""
    scope: Scope = {}
    layout: int = 1
    rows: int = 0

    def to_bytes(self) -> bytes:
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def from_bytes(cls, data: bytes) -> Evidence:
        return msgspec.json.decode(data, type=cls)

    def verdict_of(self, name: str) -> Verdict | None:
        """What the check ``name`` said; None when it was not run."""
        return next((check.verdict for check in self.checks if check.name == name), None)

    @property
    def passed(self) -> bool:
        return all(check.verdict == "passed" for check in self.checks)

    @property
    def judged(self) -> str:
        """Which evaluation it is about, in words."""
        if not self.evaluation:
            return "no evaluation on record"
        rows = f" of {self.rows:,} rows" if self.rows else ""
        return f"by evaluation {self.evaluation[:8]}…{self.evaluation[-4:]}{rows}"

    def __str__(self) -> str:
        return "\n".join(
            f"{check.verdict:<8}{check.name:<10}" + check.text.replace("\n", "\n" + " " * 18) for check in self.checks
        )


def covers(scope: Scope, context: Scope) -> str:
    """Why ``context`` is outside ``scope``; empty when it is inside.

    >>> covers({"region": ["US", "CA"], "age": {"min": 18}}, {"region": "US", "age": 30})
    ''
    >>> covers({"region": "US"}, {"region": "BR"})
    "region is 'BR', the scope has 'US'"
    """
    for key, allowed in scope.items():
        if key not in context:
            return f"the scope is for {key} {allowed!r}, the context does not say its {key}"
        value = context[key]
        if isinstance(allowed, dict):
            low, high = allowed.get("min"), allowed.get("max")
            try:
                outside = (low is not None and value < low) or (high is not None and value > high)
            except TypeError:  # a text where the scope has numbers: it cannot lie between them
                outside = True
            if outside:
                return f"{key} is {value!r}, the scope has {allowed!r}"
        elif value not in (allowed if isinstance(allowed, list | tuple) else [allowed]):
            return f"{key} is {value!r}, the scope has {allowed!r}"
    return ""
