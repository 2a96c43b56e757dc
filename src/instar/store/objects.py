"""Blobs in an object store (S3), through obstore; who asked for them lately is known to the database."""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, from_url
from sqlalchemy import Connection

from instar.base import clock
from instar.base.digests import digest_bytes, digest_file
from instar.base.errors import BadInput, Conflict, Corrupt, NotFound
from instar.store.records import Stored
from instar.store.sql import leases
from instar.store.sql.database import Database, pieces
from instar.store.sql.failures import StoreUnreachable

PIECE = 8 << 20  # bytes sent and received at a time
PARTS = 4  # pieces of one file under way at once
OWNER = "owner"  # the object that says which store keeps its blobs there
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Name = str  # of an object: ``ab/cdef…``, as in the folder of an embedded store


class ObjectBlobs:
    """Bytes named by their sha-256 below one prefix of a bucket.

    A blob appears whole or not at all: an object is made by one conditional put, or by completing its parts.

    A lease in the database says when a blob was last put or asked for. Whoever puts or asks writes its lease first and
    looks at the objects then; ``collect`` looks at the leases and removes objects within one write. So a ``has`` that
    comes before finds its lease honoured, and one that comes after finds the blob gone.
    """

    def __init__(self, location: str, database: Database) -> None:
        self.location = location
        self._db = database
        self._objects = open_objects(location)

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        self._renew([digest])
        with reached(self.location):
            if self._makes(digest, data) or self._sound(digest, len(data)):
                return digest
            obstore.put(self._objects, _name(digest), data, mode="overwrite", chunk_size=PIECE, max_concurrency=PARTS)
        return digest

    def _makes(self, digest: str, data: bytes) -> bool:
        """Whether the object is new. A large one that is there already is not sent to be refused."""
        if len(data) > PIECE and self._size(digest) is not None:
            return False
        with contextlib.suppress(AlreadyExistsError):
            obstore.put(self._objects, _name(digest), data, mode="create")
            return True
        return False

    def put_file(self, path: Path) -> tuple[str, int]:
        digest, size = digest_file(path), path.stat().st_size
        if size <= PIECE:
            data = path.read_bytes()
            if (found := digest_bytes(data)) != digest:
                raise _changed(path, digest, found)
            return self.put(data), size
        self._renew([digest])
        with reached(self.location):
            if self._size(digest) is None or not self._sound(digest, size):
                obstore.put(
                    self._objects,
                    _name(digest),
                    _checked_pieces(path, digest),  # raises before the last part: then nothing appears
                    chunk_size=PIECE,
                    max_concurrency=PARTS,
                )
        return digest, size

    def read(self, digest: str) -> bytes:
        name = _name(digest)
        with reached(self.location):
            try:
                data = bytes(obstore.get(self._objects, name).bytes())
            except FileNotFoundError:
                raise self._missing(digest) from None
        if (found := digest_bytes(data)) != digest:
            raise Corrupt(digest, found, self._where(name))
        return data

    def fetch(self, digest: str, path: Path) -> int:
        name = _name(digest)
        hasher, size = hashlib.sha256(), 0
        with reached(self.location):
            try:
                found = obstore.get(self._objects, name)
            except FileNotFoundError:
                raise self._missing(digest) from None
            try:
                with path.open("wb") as copy:
                    for piece in found.stream(min_chunk_size=PIECE):
                        hasher.update(piece)
                        size += copy.write(piece)
            except BaseError:  # half a file is none
                path.unlink()
                raise
        if hasher.hexdigest() != digest:
            path.unlink()
            raise Corrupt(digest, hasher.hexdigest(), self._where(name))
        return size

    def has(self, digests: Collection[str]) -> set[str]:
        """Those of ``digests`` that are kept. First the lease, then the look: never the other way round."""
        if not digests:
            return set()
        names = {digest: _name(digest) for digest in digests}
        self._renew(names)
        with reached(self.location):
            return {digest for digest in names if self._size(digest) is not None}

    def list(self, after: str = "", limit: int = 1000) -> Sequence[Stored]:
        found: builtins.list[tuple[str, int, int]] = []
        with reached(self.location):
            stream = obstore.list(self._objects, offset=_offset(after), chunk_size=min(limit, 1000))
            for chunk in stream:
                found += [each for meta in chunk if (each := _listed(meta)) and each[0] > after]
                if len(found) >= limit:  # they come in the order of their names
                    break
        found = found[:limit]
        touched = self._db.read(lambda sql: leases.touched(sql, [digest for digest, _, _ in found]))
        return [Stored(digest, size, max(made, touched.get(digest, 0))) for digest, size, made in found]

    def collect(self, digests: Sequence[str], before: int) -> Sequence[str]:
        return [digest for some in pieces(digests, 200) for digest in self._collect(some, before)]

    def _collect(self, digests: builtins.list[str], before: int) -> builtins.list[str]:
        """All within one write: nobody renews a lease while objects are removed."""
        names = {digest: _name(digest) for digest in digests}

        def write(sql: Connection) -> builtins.list[str]:
            touched = leases.touched(sql, digests)
            with reached(self.location):
                found = {digest: self._made(digest) for digest in names if touched.get(digest, 0) < before}
                gone = [digest for digest, made in found.items() if made is not None and made < before]
                for digest in gone:
                    self._remove(digest)
            leases.end(sql, gone)
            return gone

        return self._db.write(write)

    def delete(self, digest: str) -> None:
        _name(digest)
        with reached(self.location):
            self._remove(digest)

    def _remove(self, digest: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._objects, _name(digest))

    def _renew(self, digests: Collection[str]) -> None:
        self._db.write(lambda sql: leases.renew(sql, digests, clock.now()))

    def _size(self, digest: str) -> int | None:
        try:
            return int(obstore.head(self._objects, _name(digest))["size"])
        except FileNotFoundError:
            return None

    def _made(self, digest: str) -> int | None:
        """When the object was made, microseconds; None when it is not there."""
        try:
            return _microseconds(obstore.head(self._objects, _name(digest))["last_modified"])
        except FileNotFoundError:
            return None

    def _sound(self, digest: str, size: int) -> bool:
        """Whether the object has the bytes that its name promises."""
        if self._size(digest) != size:
            return False
        hasher = hashlib.sha256()
        for piece in obstore.get(self._objects, _name(digest)).stream(min_chunk_size=PIECE):
            hasher.update(piece)
        return hasher.hexdigest() == digest

    def _missing(self, digest: str) -> NotFound:
        return NotFound("blob", digest, next_step=f"it should lie at {self._where(_name(digest))}; run `instar check`")

    def _where(self, name: Name) -> str:
        return f"{self.location.rstrip('/')}/{name}"


@contextlib.contextmanager
def reached(location: str) -> Iterator[None]:
    """What an object store fails with, in words for people."""
    try:
        yield
    except FileNotFoundError as error:  # a blob that is missing is told where it is looked for
        raise StoreUnreachable(
            location,
            f"there is no such bucket: {_line(error)}",
            "make it, or name another with `?blobs=s3://bucket/prefix`",
        ) from error
    except BaseError as error:
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or ": 403 Forbidden" in str(error):
            raise StoreUnreachable(
                location,
                f"the object store refuses our key: {_line(error)}",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key that may read, write, list and delete there",
            ) from error
        raise StoreUnreachable(
            location,
            f"the object store gives no answer: {_line(error)}",
            "what was acknowledged is safe. See whether it runs (AWS_ENDPOINT names it) and the bucket is there, "
            "then do this again: what is there already stays as it is",
        ) from error


def probe(location: str) -> None:
    """Raises StoreUnreachable when nothing can be kept at ``location``."""
    with reached(location):
        next(iter(obstore.list(open_objects(location), chunk_size=1)), None)


def claim(location: str, store: str) -> None:
    """Say that the blobs at ``location`` are those of ``store``. Raises Conflict when they are another's.

    Two stores with one heap of blobs would each collect what the other alone uses.
    """
    objects = open_objects(location)
    with reached(location):
        try:
            obstore.put(objects, OWNER, store.encode(), mode="create")
        except AlreadyExistsError:
            if (owner := bytes(obstore.get(objects, OWNER).bytes()).decode()) != store:
                raise Conflict(
                    f"the blobs at {location} are those of another store ({owner}); nothing was written. Name another "
                    f"prefix, or remove the object {location.rstrip('/')}/{OWNER} if that store is no more"
                ) from None


def open_objects(location: str) -> ObjectStore:
    """An object store, with its settings from the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT, …), or a folder."""
    parts = urlsplit(location)
    if not parts.scheme:
        path = Path(location).expanduser()
        if not path.is_absolute():
            raise BadInput(f"blobs at {location}: name the folder from the root on, since every machine opens it")
        return LocalStore(path, mkdir=True)
    if parts.scheme != "s3" or not parts.netloc:
        raise BadInput(f"blobs at {location}: give s3://bucket/prefix, or a folder that all machines share")
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT") or "")
    if endpoint.scheme == "http" and endpoint.hostname not in LOOPBACK and not os.environ.get("AWS_ALLOW_HTTP"):
        raise BadInput(
            f"blobs at {location}: {endpoint.geturl()} is not encrypted, and others may read along; "
            "use https://, or set AWS_ALLOW_HTTP=true when the network is trusted"
        )
    return from_url(
        location,
        client_options={"allow_http": endpoint.scheme == "http", "connect_timeout": "5s", "timeout": "120s"},
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
    )


def _checked_pieces(path: Path, digest: str) -> Iterator[bytes]:
    """The bytes of a file; an error instead of the end when they are not what they were."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hasher.update(piece)
            yield piece
    if (found := hasher.hexdigest()) != digest:
        raise _changed(path, digest, found)


def _changed(path: Path, digest: str, found: str) -> BadInput:
    return BadInput(f"{path} changed while it was read ({digest} became {found}); import it when it is at rest")


def _name(digest: str) -> Name:
    if len(digest) != 64 or not digest.isalnum():
        raise BadInput(f"{digest!r} is not a blob's name; blobs are named by the 64 digits of their sha-256")
    return f"{digest[:2]}/{digest[2:]}"


def _offset(after: str) -> str | None:
    return f"{after[:2]}/{after[2:]}" if after else None


def _listed(meta: obstore.ObjectMeta) -> tuple[str, int, int] | None:
    """Digest, size and time of an object that is a blob."""
    digest = meta["path"].replace("/", "", 1)
    if len(digest) != 64 or meta["path"][2:3] != "/":
        return None
    return digest, int(meta["size"]), _microseconds(meta["last_modified"])


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * clock.SECOND)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
