"""Blobs in a folder: repair, and what dead writers left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from instar.base.errors import Corrupt
from instar.store import Store
from instar.store.blobs import FolderBlobs
from instar.store.keeping.check import check


@pytest.mark.parametrize("damage", [b"", b"half", b"altered!"])
def test_putting_the_bytes_again_repairs_a_damaged_blob(store: Store, tmp_path: Path, damage: bytes) -> None:
    digest = store.blobs.put(b"precious")
    lies = store.folder / "blobs" / digest[:2] / digest[2:]
    source = tmp_path / "source"
    source.write_bytes(b"precious")
    puts: list[Callable[[], str]] = [lambda: store.blobs.put(b"precious"), lambda: store.blobs.put_file(source)[0]]
    for put in puts:
        lies.write_bytes(damage)
        with pytest.raises(Corrupt):
            store.blobs.read(digest)
        assert put() == digest
        assert store.blobs.read(digest) == b"precious"
    assert check(store).clean


def test_a_sound_blob_is_not_written_again(store: Store) -> None:
    digest = store.blobs.put(b"precious")
    lies = store.folder / "blobs" / digest[:2] / digest[2:]
    before = lies.stat()
    store.blobs.put(b"precious")
    assert lies.stat().st_ino == before.st_ino


def test_opening_removes_what_dead_writers_left_and_keeps_what_may_be_under_way(tmp_path: Path) -> None:
    left, fresh = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    left.parent.mkdir()
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(left, (two_hours_ago, two_hours_ago))
    blobs = FolderBlobs(tmp_path)
    assert (left.exists(), fresh.exists()) == (False, True)
    assert list(blobs.list()) == []
