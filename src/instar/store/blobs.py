"""Blobs in a folder, through obstore."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.store import LocalStore

from instar.base.digests import digest_bytes, digest_file
from instar.base.errors import BadInput, Corrupt, NotFound

LEFT_OVER = 3600.0  # seconds after which a temporary file is nobody's any more


class FolderBlobs:
    """Bytes named by their sha-256 below one folder: ``ab/cdef…``.

    A blob is written under a temporary name, synced, then renamed: nobody ever sees half of one, also after a crash.
    Putting bytes again repairs a blob that was damaged since.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = LocalStore(folder)
        self._durable: set[Path] = set()  # two-letter folders whose own names are known to be on the disk
        self._sweep()

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        if not self._sound(digest, len(data)):
            temporary = self._temporary()
            obstore.put(self._store, temporary, data, use_multipart=False)
            self._keep(temporary, digest)
        return digest

    def put_file(self, path: Path) -> tuple[str, int]:
        digest, size = digest_file(path), path.stat().st_size
        if not self._sound(digest, size):
            temporary = self._temporary()
            obstore.put(self._store, temporary, path)
            if (copied := digest_file(self._folder / temporary)) != digest:
                obstore.delete(self._store, temporary)
                raise BadInput(
                    f"{path} changed while it was read ({digest} became {copied}); import it when it is at rest"
                )
            self._keep(temporary, digest)
        return digest, size

    def read(self, digest: str) -> bytes:
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "blob", digest, next_step=f"it should lie at {self._path(digest)}; run `instar check`"
            ) from None
        if (found := digest_bytes(data)) != digest:
            raise Corrupt(digest, found, str(self._path(digest)))
        return data

    def has(self, digests: Iterable[str]) -> set[str]:
        return {digest for digest in digests if self._path(digest).exists()}

    def list(self) -> Iterator[tuple[str, int]]:
        for batch in obstore.list(self._store):
            for meta in batch:
                if len(digest := meta["path"].replace("/", "")) == 64:
                    yield digest, meta["size"]

    def delete(self, digest: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, self._name(digest))

    def _name(self, digest: str) -> str:
        if len(digest) != 64 or not digest.isalnum():
            raise BadInput(f"{digest!r} is not a blob's name; blobs are named by the 64 digits of their sha-256")
        return f"{digest[:2]}/{digest[2:]}"

    def _path(self, digest: str) -> Path:
        return self._folder / self._name(digest)

    def _sound(self, digest: str, size: int) -> bool:
        """Whether the blob is there with the bytes that its name promises."""
        path = self._path(digest)
        try:
            return path.stat().st_size == size and digest_file(path) == digest
        except FileNotFoundError:
            return False

    def _sweep(self) -> None:
        """Remove what writers that died left behind."""
        folder = self._folder / "tmp"
        for path in folder.iterdir() if folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                if time.time() - path.stat().st_mtime > LEFT_OVER:
                    path.unlink()

    def _temporary(self) -> str:
        return f"tmp/{uuid4().hex}"

    def _keep(self, temporary: str, digest: str) -> None:
        """Sync, rename, and sync the folder and, once, the one above it, so that the names are durable too."""
        _sync(self._folder / temporary)
        folder = self._path(digest).parent
        obstore.rename(self._store, temporary, self._name(digest))
        _sync(folder)
        if folder not in self._durable:
            _sync(self._folder)
            self._durable.add(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
