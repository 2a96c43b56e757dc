"""What a person signs about a model version."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from instar.base.digests import canonical_json
from instar.models.evidence import Scope
from instar.models.keys import verifies

Decision = Literal["approved", "rejected"]


class Signature(msgspec.Struct, frozen=True):
    """The doc of a ``signature`` node. All of it but ``signature`` is signed, as canonical JSON.

    evidence : digest of the evidence that was read;  version : id of the model version
    expires, at : microseconds since 1970;  key : fingerprint;  signature : Ed25519, hex
    exceptions : names of checks that say ``unknown`` and are accepted nevertheless
    """

    evidence: str
    version: str
    verdict: Decision
    scope: Scope
    expires: int | None
    at: int
    key: str
    by: str
    exceptions: tuple[str, ...] = ()
    signature: str = ""
    id: str = ""  # of the node; not part of what is signed

    def message(self) -> bytes:
        """What is signed."""
        plain = msgspec.to_builtins(self)
        return canonical_json({name: plain[name] for name in plain if name not in ("signature", "id")})

    def doc(self) -> dict[str, Any]:
        plain: dict[str, Any] = msgspec.to_builtins(self)
        plain.pop("id")
        return plain

    def is_by(self, public: str) -> bool:
        """Whether the holder of the public key (hex) signed exactly this."""
        return verifies(public, self.signature, self.message())
