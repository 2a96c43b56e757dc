"""A person's signature under evidence: what was approved, for what scope, until when, and by which key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from instar.base import clock
from instar.base.errors import BadInput
from instar.base.ids import content_id, event_id
from instar.base.settings import author_setting
from instar.models.dossier import evidence_of, gates_of
from instar.models.keys import SigningKey, open_key
from instar.models.published import Published
from instar.models.signed import Decision, Signature
from instar.store.records import Edge, Node, Record

__all__ = ["Decision", "Signature", "sign", "signatures_of"]


def sign(
    version: Published,
    key: SigningKey | None = None,
    verdict: Decision = "approved",
    scope: Mapping[str, Any] | None = None,
    expires: int | timedelta | None = None,
    exceptions: Sequence[str] = (),
) -> Signature:
    """Sign the newest evidence about ``version``. key : opened; yours, when it has no passphrase and none is given

    scope : the evidence's, when none is given;  expires : a time, or how long from now
    exceptions : checks of that evidence that say ``unknown``, accepted by name
    Raises BadInput, and records nothing, when there is no evidence, when an exception names another check, and when what
    failed would be approved: it cannot be signed away.
    """
    key = key or open_key()
    found = evidence_of(version)
    if not found:
        raise BadInput(f"{version} has no evidence to sign; run its gate first: `instar homologate {version}`")
    node, evidence = found[-1]
    for name in exceptions:
        if (said := evidence.verdict_of(name)) != "unknown":
            raise BadInput(
                f"{version}: check {name!r} {'was not run' if said is None else said}; only what is unknown can be "
                "accepted as an exception"
            )
    if verdict not in ("approved", "rejected"):
        raise BadInput(f"verdict {verdict!r} is none; say 'approved' or 'rejected'")
    failed = [check.name for check in evidence.checks if check.verdict == "failed"]
    if failed and verdict == "approved":
        raise BadInput(
            f"{version}: check {', '.join(failed)} failed, and what failed cannot be signed away; nothing was signed. "
            "Train a version that passes, or sign that it must not be used: `instar sign --reject`"
        )
    if isinstance(expires, timedelta) and expires <= timedelta(0):
        raise BadInput(f"expires={expires}: the signature would never count; give a time ahead, such as 90 days")
    at = clock.now()
    until = at + int(expires.total_seconds() * clock.SECOND) if isinstance(expires, timedelta) else expires
    unsigned = Signature(
        evidence=node.digest,
        version=version.id,
        verdict=verdict,
        scope=dict(evidence.scope if scope is None else scope),
        expires=until,
        at=at,
        key=key.id,
        by=key.owner,
        exceptions=tuple(sorted(set(exceptions))),
    )
    signed = msgspec.structs.replace(unsigned, signature=key.sign(unsigned.message()), id=event_id())
    _record(version, signed)
    return signed


def _record(version: Published, signed: Signature) -> None:
    nodes = version.store.nodes
    evidence = content_id("evidence", signed.evidence)
    gates = set(gates_of(version))
    node = Node(signed.id, "signature", "", version.project, version.name, signed.at, author_setting(), signed.doc())
    edges = [Edge(signed.id, "used", version.id, "version"), Edge(signed.id, "used", evidence, "evidence")]
    edges += [Edge(signed.id, "informed", version.activity, "version:version")] if version.activity else []
    made = [edge.dst for edge in nodes.edges([evidence], "out", "generated") if edge.dst in gates]
    edges += [Edge(signed.id, "informed", gate, "evidence:evidence") for gate in made]
    nodes.put([Record((node,), tuple(edges))])


def signatures_of(version: Published) -> list[Signature]:
    """All signatures under the evidence of ``version``, oldest first, whether they count or not."""
    nodes = version.store.nodes
    users = [edge.src for edge in nodes.edges([version.id], "in", "used") if edge.role == "version"]
    found = [
        msgspec.structs.replace(msgspec.convert(node.doc, Signature), id=node.id)
        for node in nodes.get(users)
        if node.kind == "signature"
    ]
    return sorted((each for each in found if each.version == version.id), key=lambda each: (each.at, each.id))
