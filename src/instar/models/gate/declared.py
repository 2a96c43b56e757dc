"""Check ``signature``: what the version needs and gives is declared completely."""

from __future__ import annotations

from instar.base.errors import BadInput
from instar.base.types import dtype_of
from instar.models.evidence import Check
from instar.models.gate.subject import Subject


def declared(subject: Subject) -> Check:
    """Each feature and the target have a name and a known type, a classifier its classes; units are shown."""
    signature = subject.description.signature
    missing = [
        f"{field.name or '(no name)'} has no known type" for field in signature.features if not _known(field.type)
    ]
    if not signature.features:
        missing.append("no feature is named")
    if not signature.target.name or not _known(signature.target.type):
        missing.append("the target has no name or no known type")
    if signature.task != "regression" and len(signature.classes) < 2:
        missing.append("a classifier needs two classes or more")
    if missing:
        return Check("signature", "failed", "; ".join(missing))
    fields = ", ".join(
        f"{each.name} {each.type}{f' in {each.unit}' if each.unit else ''}" for each in signature.features
    )
    without = sum(1 for each in signature.features if each.is_number and each.type != "bool" and not each.unit)
    text = f"{len(signature.features)} features ({fields}) give {signature.target.name} ({signature.task})"
    if without:
        text += f"; {without} number{'s have' if without > 1 else ' has'} no unit"
    return Check("signature", "passed", text, facts={"features": list(signature.names), "without_unit": without})


def _known(type: str) -> bool:
    try:
        dtype_of(type)
    except BadInput:
        return False
    return True
