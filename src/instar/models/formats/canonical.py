"""The digest of what a skops file holds.

Two dumps of one model differ: zip times, the addresses of objects (``__id__``), file names made from them or at random,
the order of a set. None of these says anything about the model, so they are left out; arrays are digested value by
value, since the padding of a structured array (the nodes of a tree) is not defined either. Which scalars share one
object depends on the interpreter, so that sharing is not part of the digest.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import IO, Any
from zipfile import ZipFile

import numpy as np

from instar.base.digests import canonical_json, digest_bytes, digest_value

# scikit-learn's vectorizers keep the address of their stop words, to warn once only.
_ADDRESSES = frozenset(["_stop_words_id"])


def canonical_digest(file: IO[bytes]) -> str:
    """The digest of the estimator in a skops ``file``: equal for two dumps of one model, in whatever process."""
    with ZipFile(file) as archive:
        schema = json.loads(archive.read("schema.json"))
        schema = {key: value for key, value in schema.items() if key not in ("_skops_version", "protocol")}
        digests = {
            name: _member_digest(name, archive.read(name)) for name in archive.namelist() if name != "schema.json"
        }
    return digest_value(_canonical(schema, digests))


def _canonical(value: Any, digests: dict[str, str]) -> Any:
    """``value`` without what follows from addresses, each file name replaced by the digest of what it holds."""
    if isinstance(value, list):
        return [_canonical(item, digests) for item in value]
    if not isinstance(value, dict):
        return digests.get(value, value) if isinstance(value, str) else value
    node = {key: _canonical(item, digests) for key, item in value.items()}
    if "__loader__" not in node:  # the content of an object or dict: its keys are the user's
        return {key: item for key, item in node.items() if key not in _ADDRESSES}
    node.pop("__id__", None)
    if node["__loader__"] == "SetNode":
        node["content"] = sorted(node["content"], key=canonical_json)
    return node


def _member_digest(name: str, data: bytes) -> str:
    if name.endswith(".npy"):
        return array_digest(np.load(io.BytesIO(data), allow_pickle=False))
    if name.endswith(".npz"):  # a sparse matrix
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return digest_value({key: array_digest(arrays[key]) for key in arrays.files})
    return digest_bytes(data)


def array_digest(array: np.ndarray[Any, Any]) -> str:
    """The digest of an array's type, shape and values; neither its memory order nor its padding counts.

    >>> grid = np.arange(6.0).reshape(2, 3)
    >>> array_digest(grid) == array_digest(np.asfortranarray(grid))
    True
    """
    hasher = hashlib.sha256(f"{array.dtype.descr}{array.shape}".encode())
    for part in _fields(array):
        hasher.update(np.ascontiguousarray(part).tobytes())
    return hasher.hexdigest()


def _fields(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    if array.dtype.names is None:
        yield array
        return
    for name in array.dtype.names:
        yield from _fields(array[name])
