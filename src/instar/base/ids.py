"""Identities: of content, of named things, of their versions, and of events.

An id is 32 lower-case hexadecimal digits (128 bits). Content, names and versions have ids that follow from what they
are, so two stores give the same thing the same id without asking each other; an event happens once and gets a UUIDv7.
"""

from __future__ import annotations

import hashlib
import os
import time

ID_LENGTH = 32


def _hash(*parts: str) -> str:
    """Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode()
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()[:ID_LENGTH]


def content_id(kind: str, digest: str) -> str:
    """The id of content (file, chunk, state, evidence): it carries only what follows from its bytes.

    >>> content_id("file", "00" * 32) == content_id("file", "00" * 32)
    True
    """
    return _hash("content", kind, digest)


def named_id(project: str, kind: str, name: str) -> str:
    """The id of a named thing (dataset, model, deployment) in a project."""
    return _hash("named", project, kind, name)


def version_id(project: str, kind: str, name: str, digest: str, activity: str = "") -> str:
    """The id of one immutable state of a named thing.

    A model's version also depends on the ``activity`` that trained it: equal weights from other data are another version.
    """
    return _hash("version", project, kind, name, digest, activity)


def event_id() -> str:
    """A new UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random bits.

    Ids sort by the millisecond they were made in; those of one millisecond in no order.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64  # version, 12 random bits
    value |= 0b10 << 62 | random & ((1 << 62) - 1)  # variant, 62 random bits
    return f"{value:032x}"


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of a whole id."""
    return len(text) == ID_LENGTH and all(letter in "0123456789abcdef" for letter in text)
