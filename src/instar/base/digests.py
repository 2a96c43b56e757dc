"""Digests of bytes and of plain values. The digest of a table's content is in ``instar.base.logical``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """The sha-256 of ``data`` as 64 hexadecimal digits.

    >>> digest_bytes(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """The sha-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes.

    >>> canonical_json({"b": 1, "a": [1.0, None]})
    b'{"a":[1.0,null],"b":1}'
    """
    return _encoder.encode(value)


def digest_value(value: Any) -> str:
    """The digest of a plain value (dicts, lists, text, numbers, msgspec structs)."""
    return digest_bytes(canonical_json(value))
