"""Checks ``loads`` and ``latency``: both read what one clean process measured."""

from __future__ import annotations

import msgspec

from instar.models.evidence import Check
from instar.models.gate.subject import Subject

# Generous ceilings that only something broken passes: the objective of a deployment is its own.
CEILINGS = {1: 1_000.0, 256: 10_000.0}  # rows: milliseconds


def loads(subject: Subject) -> Check:
    """The bundle loads in a clean process, and its content has the digest that was published."""
    found, wanted = subject.measured, subject.version.digest
    if found.error:
        return Check("loads", "failed", f"it does not load in a clean process: {found.error}")
    if found.digest != wanted:
        text = f"it loads, but its content has the digest {found.digest[:12]}, the version has {wanted[:12]}"
        return Check("loads", "failed", text, facts={"found": found.digest, "published": wanted})
    text = f"it loads in a clean process (Python {found.python}, {found.load:.2f} s); digest {wanted[:12]} matches"
    return Check("loads", "passed", text, facts={"digest": found.digest, "seconds": found.load})


def latency(subject: Subject) -> Check:
    """The time of 1 and of 256 raw rows, preparation included, on real rows where there are some."""
    found = subject.measured
    if found.error:
        return Check("latency", "unknown", f"it was not measured: {found.error}")
    slow = [each for each in found.latencies if each.p95 > CEILINGS.get(each.rows, float("inf"))]
    text = "; ".join(str(each) for each in found.latencies)
    if subject.sample is None:
        text += " (on empty rows: no sample is recorded)"
    if slow:
        text += f"; more than {CEILINGS[slow[0].rows]:g} ms for {slow[0].rows} is broken"
    facts = {"latencies": msgspec.to_builtins(found.latencies)}
    return Check("latency", "failed" if slow else "passed", text, facts=facts)
