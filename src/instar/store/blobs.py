"""Blobs in a folder, through obstore."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.store import LocalStore

from instar.base.digests import digest_bytes, digest_file
from instar.base.errors import BadInput, Corrupt, NotFound


class FolderBlobs:
    """Bytes named by their sha-256 below one folder: ``ab/cdef…``.

    A blob is written under a temporary name, synced, then renamed: nobody ever sees half of one, also after a crash.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = LocalStore(folder)

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        if not self._path(digest).exists():
            temporary = self._temporary()
            obstore.put(self._store, temporary, data, use_multipart=False)
            self._keep(temporary, digest)
        return digest

    def put_file(self, path: Path) -> tuple[str, int]:
        digest, size = digest_file(path), path.stat().st_size
        if not self._path(digest).exists():
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

    def _temporary(self) -> str:
        return f"tmp/{uuid4().hex}"

    def _keep(self, temporary: str, digest: str) -> None:
        """Sync, rename, and sync the folder, so that the name is durable too."""
        _sync(self._folder / temporary)
        obstore.rename(self._store, temporary, self._name(digest))
        _sync(self._path(digest).parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
