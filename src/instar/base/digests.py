"""Digests of bytes and of plain values. The digest of a table's content is in ``instar.base.logical``."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import msgspec

from instar.base.errors import BadInput

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

    Raises BadInput for NaN and infinities, which JSON would turn into null: other values would give the same bytes.

    >>> canonical_json({"b": 1, "a": [1.0, None]})
    b'{"a":[1.0,null],"b":1}'
    """
    data = _encoder.encode(value)
    if b"null" in data and (found := _not_finite(msgspec.to_builtins(value))) is not None:
        raise BadInput(f"{found} has no form in JSON, where it would become null; leave it out, or write it as text")
    return data


def _not_finite(plain: Any) -> float | None:
    """The first NaN or infinity in a plain value, if there is one."""
    stack = [plain]
    while stack:
        each = stack.pop()
        if isinstance(each, float):
            if not math.isfinite(each):
                return each
        elif isinstance(each, dict):
            stack += each.values()
        elif isinstance(each, list | tuple | set | frozenset):
            stack += each
    return None


def digest_value(value: Any) -> str:
    """The digest of a plain value (dicts, lists, text, numbers, msgspec structs)."""
    return digest_bytes(canonical_json(value))
