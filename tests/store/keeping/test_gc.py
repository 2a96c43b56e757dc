"""``gc`` removes what nothing refers to, and nothing else, also while others write."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from instar.base.errors import BadInput, NotFound
from instar.base.ids import event_id
from instar.data.datasets.dataset import dataset, import_data
from instar.data.datasets.manifest import Manifest
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.keeping.erasure import erase
from instar.store.keeping.gc import collect
from instar.store.records import File, Node, Record


def used(store: Store, data: bytes, path: str = "a", kind: str = "run") -> str:
    digest, node = store.blobs.put(data), Node(event_id(), kind)
    store.nodes.put([Record((node,), files=(File(node.id, path, digest, len(data)),))])
    return digest


def grow_old(store: Store) -> None:
    """All blobs look as if nobody had touched them for two days."""
    for path in (store.folder / "blobs").glob("??/*"):
        os.utime(path, (time.time() - 172_800,) * 2)


def test_only_what_nothing_refers_to_goes(store: Store) -> None:
    kept, lost = used(store, b"kept"), store.blobs.put(b"forgotten")
    grow_old(store)
    found = collect(store)
    assert [blob.digest for blob in found.blobs] == [lost]
    assert (found.freed, found.kept) == (9, 1)
    assert store.blobs.has([kept, lost]) == {kept}
    assert check(store).clean


def test_a_dry_run_lists_and_removes_nothing(store: Store) -> None:
    lost = store.blobs.put(b"forgotten")
    grow_old(store)
    assert [blob.digest for blob in collect(store, dry_run=True).blobs] == [lost]
    assert store.blobs.read(lost) == b"forgotten"


def test_what_somebody_put_or_asked_for_within_the_grace_stays(store: Store) -> None:
    asked, old = store.blobs.put(b"asked for"), store.blobs.put(b"old")
    grow_old(store)
    assert store.blobs.has([asked]) == {asked}
    put = store.blobs.put(b"just put")
    assert [blob.digest for blob in collect(store).blobs] == [old]
    assert store.blobs.read(asked)
    assert store.blobs.read(put)


def test_a_blob_that_only_a_manifest_names_stays(store: Store) -> None:
    """Two writers may pack the same rows into other bytes; the chunk's node names the first."""
    version = import_data("films", pl.DataFrame({"x": [1, 2]}), store=store)
    manifest = Manifest.from_bytes(store.blobs.read(version.manifest))
    other = store.blobs.put(b"the same rows, packed otherwise")
    chunk = type(manifest.chunks[0])(version.chunks[0].id, version.chunks[0].digest, other, 2, 31)
    used(store, Manifest(manifest.schema, (chunk,)).to_bytes(), "manifest.arrow", "table")
    store.blobs.put(b"forgotten")
    grow_old(store)
    assert len(collect(store).blobs) == 1
    assert store.blobs.read(other)


def test_an_erasure_that_was_interrupted_is_carried_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import_data("films", pl.DataFrame({"x": [1, 2]}), store=store)
    with monkeypatch.context() as patch:
        patch.setattr("instar.store.keeping.erasure._remove", lambda store, digests: None)
        erase(store, "films@1", "why")
    assert store.blobs.list()
    collect(store)
    assert not store.blobs.list()


def test_a_manifest_that_cannot_be_read_stops_it_before_anything_goes(store: Store) -> None:
    version = import_data("films", pl.DataFrame({"x": [1, 2]}), store=store)
    lost = store.blobs.put(b"forgotten")
    grow_old(store)
    store.blobs.delete(version.manifest)
    with pytest.raises(NotFound, match=version.manifest):
        collect(store)
    assert store.blobs.read(lost)


@pytest.mark.parametrize("grace", [-1.0, float("nan")])
def test_a_grace_that_is_none_is_refused(store: Store, grace: float) -> None:
    with pytest.raises(BadInput, match="it is 0 or more"):
        collect(store, grace)


_IMPORTER = """
import sys
import polars as pl
from instar.data.datasets.dataset import import_data
from instar.store import open_store
store = open_store(sys.argv[1])
for number in range(1, 1_000_000):
    import_data("films", pl.DataFrame({"x": range(number, number + 20)}), chunk_rows=5, store=store)
    print(number, flush=True)
"""


def test_nothing_is_lost_to_gc_while_another_process_imports(tmp_path: Path) -> None:
    with open_store(tmp_path / "store") as store:
        command = [sys.executable, "-c", _IMPORTER, str(store.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as importer:
            assert importer.stdout is not None
            done = 0
            try:
                for _ in range(12):
                    done = int(importer.stdout.readline())
                    store.blobs.put(str(done).encode())
                    collect(store, grace=2.0)
            finally:
                importer.kill()
        time.sleep(2.1)
        collect(store, grace=2.0)
        assert check(store).clean
        for number in range(1, done + 1):
            assert dataset("films", number, store=store).to_polars().height == 20
        assert not collect(store, grace=0.0).blobs
