"""What every implementation of Blobs promises. A subclass gives the ``blobs`` fixture: an empty one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, NotFound
from instar.store.blobs import every_blob
from instar.store.protocols import Blobs


class BlobsContract:
    """Bytes named by their sha-256."""

    @pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 1000])
    def test_bytes_come_back_under_their_digest(self, blobs: Blobs, data: bytes) -> None:
        digest = blobs.put(data)
        assert digest == digest_bytes(data)
        assert blobs.put(data) == digest
        assert blobs.read(digest) == data
        assert [(blob.digest, blob.size) for blob in blobs.list()] == [(digest, len(data))]

    def test_a_file_is_kept_like_its_bytes(self, blobs: Blobs, tmp_path: Path) -> None:
        path = tmp_path / "data.bin"
        path.write_bytes(b"x" * 100_000)
        digest, size = blobs.put_file(path)
        assert (blobs.read(digest), size) == (path.read_bytes(), 100_000)

    def test_a_blob_is_fetched_into_a_file(self, blobs: Blobs, tmp_path: Path) -> None:
        digest = blobs.put(b"x" * 100_000)
        assert blobs.fetch(digest, tmp_path / "copy") == 100_000
        assert (tmp_path / "copy").read_bytes() == b"x" * 100_000
        with pytest.raises(NotFound, match=digest_bytes(b"b")):
            blobs.fetch(digest_bytes(b"b"), tmp_path / "nothing")
        assert not (tmp_path / "nothing").exists()

    def test_all_are_listed_page_by_page_in_order(self, blobs: Blobs) -> None:
        digests = sorted(blobs.put(str(number).encode()) for number in range(25))
        first = blobs.list(limit=10)
        assert [blob.digest for blob in first] == digests[:10]
        assert [blob.digest for blob in blobs.list(after=first[-1].digest)] == digests[10:]
        assert [blob.digest for blob in every_blob(blobs)] == digests

    def test_only_what_nobody_asked_for_is_collected(self, blobs: Blobs) -> None:
        old, asked, put = blobs.put(b"old"), blobs.put(b"asked"), blobs.put(b"put")
        time.sleep(0.05)
        moment = clock.now()
        time.sleep(0.05)
        blobs.has([asked])
        blobs.put(b"put")
        assert blobs.collect([old, asked, put, digest_bytes(b"never")], before=moment) == [old]
        assert blobs.has([old, asked, put]) == {asked, put}
        assert blobs.collect([asked], before=clock.now() + clock.SECOND) == [asked]

    def test_has_names_only_what_is_there(self, blobs: Blobs) -> None:
        there, away = blobs.put(b"a"), digest_bytes(b"b")
        assert blobs.has([there, away]) == {there}

    def test_a_missing_blob_is_an_error_that_names_it(self, blobs: Blobs) -> None:
        with pytest.raises(NotFound, match=digest_bytes(b"b")):
            blobs.read(digest_bytes(b"b"))

    def test_a_deleted_blob_is_gone_and_deleting_it_again_is_fine(self, blobs: Blobs) -> None:
        digest = blobs.put(b"a")
        blobs.delete(digest)
        blobs.delete(digest)
        assert blobs.has([digest]) == set()

    @pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "zz", "A" * 63 + "/"])
    def test_a_name_that_is_no_digest_is_refused(self, blobs: Blobs, name: str) -> None:
        with pytest.raises(BadInput, match="not a blob's name"):
            blobs.read(name)
