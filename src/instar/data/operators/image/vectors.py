"""Vectors of images that were computed before, on this person's disk: a cache, bounded, which changes no result."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from instar.base.digests import digest_bytes
from instar.base.settings import home_folder

Floats32 = NDArray[np.float32]
MOST = 160  # files a folder; there are 256 folders a network, so about 40,000 images, or 200 MB of 1,280 values each
_MARK = 8  # bytes of a digest before the values, so that a damaged file is no vector


def cached(network: str, image: str, width: int) -> Floats32 | None:
    """The vector of this image by this network (both as digests), if it is here and whole."""
    try:
        data = _file(network, image).read_bytes()
    except OSError:
        return None
    if len(data) != _MARK + 4 * width or data[:_MARK] != _mark(data[_MARK:]):
        return None
    return np.frombuffer(data[_MARK:], dtype="<f4").astype(np.float32)


def keep(network: str, image: str, vector: Floats32) -> None:
    """Write it whole or not at all; of a full folder the oldest goes. Where nothing can be written, nothing is kept."""
    path = _file(network, image)
    data = vector.astype("<f4").tobytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{uuid4().hex}.draft")
        draft.write_bytes(_mark(data) + data)
        os.replace(draft, path)
        _drop_oldest(path.parent)
    except OSError:  # a full or read-only disk: the vector is computed again next time
        return


def _drop_oldest(folder: Path) -> None:
    files = [entry.path for entry in os.scandir(folder)]
    if len(files) > MOST:
        ages = {path: os.stat(path).st_mtime_ns for path in files if os.path.exists(path)}
        for path in sorted(ages, key=lambda path: ages[path])[: len(files) - MOST]:
            Path(path).unlink(missing_ok=True)  # another process may have been first


def _file(network: str, image: str) -> Path:
    return home_folder() / "cache" / "images" / network[:32] / image[:2] / image


def _mark(data: bytes) -> bytes:
    return bytes.fromhex(digest_bytes(data))[:_MARK]
