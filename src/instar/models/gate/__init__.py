"""The gate: checks by name. Ours and others' enter by the same table (entry points of ``instar.checks``)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from instar.base.errors import NotFound
from instar.models.evidence import Check

if TYPE_CHECKING:
    from instar.models.gate.subject import Subject

# In the order in which a person reads them; every one must be in the evidence of a homologated version.
BUILT_IN = {
    "signature": "instar.models.gate.declared:declared",
    "loads": "instar.models.gate.loads:loads",
    "lineage": "instar.models.gate.lineage:lineage",
    "leak": "instar.models.gate.rows:leak",
    "disjoint": "instar.models.gate.rows:disjoint",
    "baseline": "instar.models.gate.baseline:baseline",
    "latency": "instar.models.gate.loads:latency",
}


class CheckFunction(Protocol):
    """Judges a version from the record. It says ``unknown`` where the record does not say, and never raises for that."""

    def __call__(self, subject: Subject, /) -> Check: ...


def checks() -> dict[str, str]:
    """The known checks: name to ``module:function``."""
    return BUILT_IN | {point.name: point.value for point in entry_points(group="instar.checks")} | BUILT_IN


def run_checks(subject: Subject, names: Sequence[str] | None = None) -> tuple[Check, ...]:
    """Run the checks ``names`` (all). Raises NotFound for an unknown one."""
    known = checks()
    chosen = list(known) if names is None else list(names)
    for name in chosen:
        if name not in known:
            raise NotFound("check", name, known)
    return tuple(_function(known[name])(subject) for name in chosen)


def _function(place: str) -> CheckFunction:
    module, _, attribute = place.partition(":")
    function: CheckFunction = getattr(import_module(module), attribute)
    return function
