"""Blobs in a folder, through obstore."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from instar.base.digests import digest_bytes, digest_file
from instar.base.errors import BadInput, Corrupt, InstarError, NotFound
from instar.store.protocols import Blobs
from instar.store.records import Stored

PIECE = 1 << 20  # bytes read at a time
LEFT_OVER = 3600.0  # seconds after which a temporary file is nobody's any more


def every_blob(blobs: Blobs) -> Iterator[Stored]:
    """All blobs, page by page, in the order of digests."""
    page = blobs.list()
    while page:
        yield from page
        page = blobs.list(after=page[-1].digest)


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
            with self._writing() as temporary:
                obstore.put(self._store, temporary, data, use_multipart=False)
                self._keep(temporary, digest)
        return digest

    def put_file(self, path: Path) -> tuple[str, int]:
        digest, size = digest_file(path), path.stat().st_size
        if not self._sound(digest, size):
            with self._writing() as temporary:
                obstore.put(self._store, temporary, path)
                if (copied := digest_file(self._folder / temporary)) != digest:
                    raise BadInput(
                        f"{path} changed while it was read ({digest} became {copied}); import it when it is at rest"
                    )
                self._keep(temporary, digest)
        return digest, size

    def read(self, digest: str) -> bytes:
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise self._missing(digest) from None
        if (found := digest_bytes(data)) != digest:
            raise Corrupt(digest, found, str(self._path(digest)))
        return data

    def fetch(self, digest: str, path: Path) -> int:
        source, hasher, size = self._path(digest), hashlib.sha256(), 0
        try:
            with source.open("rb") as file, path.open("wb") as copy:
                while piece := file.read(PIECE):
                    hasher.update(piece)
                    size += copy.write(piece)
        except FileNotFoundError:
            raise self._missing(digest) from None
        if (found := hasher.hexdigest()) != digest:
            path.unlink()
            raise Corrupt(digest, found, str(source))
        return size

    def has(self, digests: Collection[str]) -> set[str]:
        """Those of ``digests`` that are kept; asking renews the time of the file, which ``collect`` looks at."""
        found = set()
        for digest in digests:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._path(digest))
                found.add(digest)
        return found

    def list(self, after: str = "", limit: int = 1000) -> Sequence[Stored]:
        found: list[Stored] = []
        folders = sorted(path.name for path in self._folder.iterdir() if len(path.name) == 2)
        for name in folders:
            if name < after[:2] or len(found) >= limit:
                continue
            for entry in sorted(os.scandir(self._folder / name), key=lambda entry: entry.name):
                if (digest := name + entry.name) > after and len(digest) == 64:
                    with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                        meta = entry.stat()
                        found.append(Stored(digest, meta.st_size, meta.st_mtime_ns // 1000))
        return found[:limit]

    def collect(self, digests: Sequence[str], before: int) -> Sequence[str]:
        return [digest for digest in digests if self._collect(self._path(digest), before)]

    def _collect(self, path: Path, before: int) -> bool:
        """Take the file away, then look whether somebody asked for it at the last moment: then put it back."""
        aside = self._folder / self._temporary()
        aside.parent.mkdir(exist_ok=True)
        try:
            if path.stat().st_mtime_ns // 1000 >= before:
                return False
            path.rename(aside)
        except FileNotFoundError:
            return False
        if aside.stat().st_mtime_ns // 1000 >= before:
            with contextlib.suppress(FileExistsError):  # put anew meanwhile
                path.hardlink_to(aside)
            aside.unlink()
            return False
        aside.unlink()
        return True

    def delete(self, digest: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, self._name(digest))

    def _missing(self, digest: str) -> NotFound:
        return NotFound("blob", digest, next_step=f"it should lie at {self._path(digest)}; run `instar check`")

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
            os.utime(path)
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

    @contextlib.contextmanager
    def _writing(self) -> Iterator[str]:
        """A temporary name. When it cannot be written, nothing of it takes up space: the disk may be full."""
        temporary = self._temporary()
        try:
            yield temporary
        except (OSError, BaseError) as error:
            if "No space left" in str(error) or "quota" in str(error).lower():
                where = f"the disk of the blobs in {self._folder}"
                raise InstarError(f"{where} is full; nothing was kept. Free space, try again") from error
            raise
        finally:
            (self._folder / temporary).unlink(missing_ok=True)

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
