"""Whether a version may take production traffic, and if not, why not and what to do next. Judged anew each time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from instar.base import clock
from instar.base.errors import InstarError
from instar.models.dossier import evidence_of
from instar.models.evidence import Evidence, covers
from instar.models.gate import BUILT_IN
from instar.models.published import Published
from instar.models.signing import Signature, signatures_of
from instar.store.keeping.invalidation import against_itself, invalidations
from instar.store.keeping.tombstones import ERASURE
from instar.store.records import Key

_EVENT = re.compile(r"\((?:revocation|invalidation) ([0-9a-f-]+)\)$")


class NotHomologated(InstarError):
    """A version would take production traffic and may not. The message says what is missing and the next command."""

    status = 403

    def __init__(self, standings: Iterable[Standing]) -> None:
        self.standings = tuple(standing for standing in standings if not standing)
        super().__init__("\n".join(str(standing) for standing in self.standings))


@dataclass(frozen=True)
class Standing:
    """A truth value with its reasons.

    reasons : why not; empty when it is homologated;  next_step : what to do then
    signature : the one that counts;  notes : what a reader should know besides, such as an author's own signature
    """

    version: Published
    reasons: tuple[str, ...] = ()
    next_step: str = ""
    signature: Signature | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.reasons

    def __str__(self) -> str:
        named = f"{self.version} ({self.version.id[:8]})"
        if self:
            assert self.signature is not None
            until = f" until {clock.as_text(self.signature.expires)}" if self.signature.expires is not None else ""
            notes = "".join(f"; {note}" for note in self.notes)
            return f"{named} is homologated, signed by {self.signature.by}{until}{notes}"
        return f"{named} is not homologated: {'; '.join(self.reasons)}. Next: {self.next_step}"


def standing(version: Published, context: Mapping[str, Any] | None = None) -> Standing:
    """Judge ``version`` by the evidence, signatures, keys and revocations on record now.

    context : must lie in the signed scope; when it is not given the scope is not judged
    """
    name = str(version)
    if against := against_itself(version.store.nodes, version.id, (ERASURE,)):
        return Standing(version, tuple(against), "publish another version")
    if against := invalidations(version.store.nodes, version.id):
        return Standing(version, tuple(against), _lifting(against))
    found = dict((node.digest, evidence) for node, evidence in evidence_of(version))
    if not found:
        return Standing(version, ("there is no evidence",), f"`instar homologate {name}`")
    signatures = signatures_of(version)
    if not signatures:
        reasons = (*_objections(list(found.values())[-1], ()), "nobody signed its evidence")
        return Standing(version, reasons, _after(version, reasons))
    keys = {key.id: key for key in version.store.access.keys()}
    judged = [(each, _problems(version, each, found, keys, context)) for each in signatures]
    counting = [each for each, problems in judged if not problems]
    if (no := _standing_rejection(counting)) is not None:
        return Standing(version, (f"{no.by} rejected it",), f"answer what {no.by} found, then `instar sign {name}`")
    if good := [each for each in counting if each.verdict == "approved"]:
        return Standing(version, signature=good[-1], notes=_notes(version, good[-1], keys))
    reasons = tuple(judged[-1][1])  # of the newest signature: older ones were answered by it
    return Standing(version, reasons, _after(version, reasons))


def need_homologated(versions: Iterable[Published], context: Mapping[str, Any] | None = None) -> None:
    """Raises NotHomologated unless each of ``versions`` may take production traffic."""
    standings = [standing(version, context) for version in versions]
    if not all(standings):
        raise NotHomologated(standings)


def _problems(
    version: Published,
    signature: Signature,
    evidence: Mapping[str, Evidence],
    keys: Mapping[str, Key],
    context: Mapping[str, Any] | None,
) -> list[str]:
    """Why this signature does not count; empty when it does."""
    key = keys.get(signature.key)
    if key is None:
        return [f"signed by {signature.by} with key {signature.key[:12]}, which is not registered"]
    if not signature.is_by(key.public):
        return [f"the signature that names {signature.by} is not by that key: it was changed after it was made"]
    if key.revoked_at is not None:
        return [f"signed by {key.owner} with key {key.id[:12]}, which was revoked on {clock.as_text(key.revoked_at)}"]
    if against := against_itself(version.store.nodes, signature.id):
        return [f"the signature of {key.owner} counts no more: {each}" for each in against]
    read = evidence.get(signature.evidence)
    if read is None:
        return [f"the evidence that {key.owner} signed is not in this store"]
    if signature.verdict == "rejected":
        return []
    found = _objections(read, signature.exceptions)
    if signature.expires is not None and signature.expires <= clock.now():
        found.append(f"the signature of {key.owner} expired on {clock.as_text(signature.expires)}")
    if context is not None and (why := covers(signature.scope, dict(context))):
        found.append(f"outside the scope that {key.owner} signed: {why}")
    return found


def _objections(evidence: Evidence, exceptions: tuple[str, ...]) -> list[str]:
    """The checks that refuse: failed, unknown without an exception, or not run though they are part of every gate."""
    found = []
    for name in dict.fromkeys([*BUILT_IN, *(check.name for check in evidence.checks)]):
        said = evidence.verdict_of(name)
        if said is None:
            found.append(f"check {name} was not run")
        elif said == "failed":
            found.append(f"check {name} failed")
        elif said == "unknown" and name not in exceptions:
            found.append(f"check {name} says unknown, and no signature accepts that by name")
    return found


def _standing_rejection(counting: list[Signature]) -> Signature | None:
    """A rejection that the same key did not later turn into an approval."""
    last = {each.key: each for each in counting}
    return next((each for each in last.values() if each.verdict == "rejected"), None)


def _after(version: Published, reasons: tuple[str, ...]) -> str:
    """The command that answers the first reason a person can act on."""
    text = " ".join(reasons)
    if " failed" in text:
        return f"`instar models evidence {version}` shows what failed; train a version that passes"
    if "was not run" in text:
        return f"`instar homologate {version}` runs all checks"
    if "key" in text and "was revoked on" in text:
        return f"somebody with a registered key that was not revoked signs: `instar sign {version}`"
    if (taken := [reason for reason in reasons if "counts no more" in reason]) and (lift := _lifting(taken)):
        return f"{lift}, or sign anew: `instar sign {version}`"
    if "not registered" in text:
        return "an admin registers the key with `instar key add`, or a registered person signs"
    if "says unknown" in text:
        names = [reason.split()[1] for reason in reasons if "says unknown" in reason]
        options = " ".join(f"--except {name}" for name in names)
        return f"read `instar models evidence {version}`; who accepts it says so: `instar sign {version} {options}`"
    return f"`instar sign {version}`"


def _lifting(against: Iterable[str]) -> str:
    """How what stands against something is lifted: by the id that each of the reasons names."""
    found = dict.fromkeys(match for reason in against for match in _EVENT.findall(reason))
    commands = "; ".join(f"`instar lift {id} --reason …`" for id in found)
    return f"if it was wrong to, lift it: {commands}" if commands else ""


def _notes(version: Published, signature: Signature, keys: Mapping[str, Key]) -> tuple[str, ...]:
    notes = []
    training = version.store.nodes.get([version.training]) if version.training else []
    authors = {version.node.created_by, *(node.created_by for node in training)}
    if keys[signature.key].owner in authors:
        notes.append("the author's own signature")
    if signature.exceptions:
        notes.append(f"accepted without proof: {', '.join(signature.exceptions)}")
    return tuple(notes)
