"""The store of a server, over HTTP: its facets are derived from the protocols, like the server's routes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_origin, get_type_hints

import msgspec

from instar.base.digests import digest_bytes, digest_file
from instar.base.errors import BadInput, Corrupt
from instar.base.ids import event_id
from instar.base.settings import home_folder
from instar.store.connection import Connection
from instar.store.operations import BLOBS, Operation, operations
from instar.store.protocols import FACETS, Access, Catalogue, Labels, Memo, Metrics, Nodes, Peers
from instar.store.records import Label, Stored
from instar.store.store import Store

PIECE = 1 << 20  # bytes written to a file at a time
ASK_FIRST = 1 << 16  # bytes from which it is asked whether a blob is there before it is sent


def open_remote(url: str, create: bool = True) -> RemoteStore:
    """The store behind the server at ``url``. Raises Unreachable, Unauthorized."""
    store = RemoteStore(url)
    try:
        _ = store.id
    except BaseException:
        store.close()
        raise
    return store


class RemoteStore(Store):
    """A store that a server keeps. What it promises is what the server's own store promises.

    folder : of this machine, for what lives and dies with it (locks of processes, open journals)
    """

    def __init__(self, url: str) -> None:
        self._connection = Connection(url)
        location = self._connection.url
        folder = home_folder() / "stores" / digest_bytes(location.encode())[:32]
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(location, folder)
        facets = {name: _facet(name, self._connection) for name in FACETS if name != "blobs"}
        self.nodes = cast(Nodes, facets["nodes"])
        self.labels = cast(Labels, facets["labels"])
        self.metrics = cast(Metrics, facets["metrics"])
        self.memo = cast(Memo, facets["memo"])
        self.access = cast(Access, facets["access"])
        self.peers = cast(Peers, facets["peers"])
        self.catalogue = cast(Catalogue, facets["catalogue"])
        self.blobs = RemoteBlobs(self._connection)

    def close(self) -> None:
        super().close()
        self._connection.close()


class _Facet:
    """One facet: its methods are attributes of the object."""


def _facet(name: str, connection: Connection) -> _Facet:
    facet = _Facet()
    for operation in operations().values():
        if operation.facet == name:
            setattr(facet, operation.method, method_of(operation, connection))
    return facet


def method_of(operation: Operation, connection: Connection) -> Callable[..., Any]:
    """The method of a facet that calls ``operation`` on the server."""
    decode = msgspec.msgpack.Decoder(operation.result).decode
    prepare = _PREPARE.get(operation.name)
    # A mapping is a collection of its keys; it would go over the wire as something else.
    hints = get_type_hints(operation.parameters)
    collections = [name for name in operation.names if get_origin(hints[name]) is Collection]

    def call(*arguments: Any, **named: Any) -> Any:
        if len(arguments) > len(operation.names):
            raise TypeError(f"{operation.name} takes at most {len(operation.names)} arguments, not {len(arguments)}")
        given = {**dict(zip(operation.names, arguments)), **named}
        given |= {name: list(given[name]) for name in collections if isinstance(given.get(name), Mapping)}
        answer = connection.call(operation.path, given if prepare is None else prepare(given), operation.repeatable)
        return decode(answer)

    call.__name__ = operation.method
    call.__doc__ = operation.doc
    return call


def _with_ids(given: dict[str, Any]) -> dict[str, Any]:
    """New labels get their ids here: sent again after a lost answer they are still the same labels."""
    labels: Sequence[Label] = given["labels"]
    return {"labels": [each if each.id else msgspec.structs.replace(each, id=event_id()) for each in labels]}


_PREPARE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"labels.set": _with_ids}


class RemoteBlobs:
    """Blobs of a server: bytes are streamed, and checked on both sides."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        by_name = {
            name: method_of(operations()[f"blobs.{name}"], connection) for name in ("has", "list", "collect", "delete")
        }
        self._call: dict[str, Callable[..., Any]] = by_name

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        if len(data) < ASK_FIRST or not self._sound(digest):
            self._connection.send(BLOBS + digest, data)
        return digest

    def put_file(self, path: Path) -> tuple[str, int]:
        digest, size = digest_file(path), path.stat().st_size
        if size < ASK_FIRST or not self._sound(digest):
            try:
                self._connection.send(BLOBS + digest, path)
            except BadInput as error:
                if (now := digest_file(path)) == digest:
                    raise
                raise BadInput(
                    f"{path} changed while it was read ({digest} became {now}); import it when it is at rest"
                ) from error
        return digest, size

    def read(self, digest: str) -> bytes:
        pieces = list(self._connection.receive(self._path(digest)))
        data = b"".join(pieces)
        if (found := digest_bytes(data)) != digest:
            raise Corrupt(digest, found, f"{self._connection.url} or on the way from there")
        return data

    def fetch(self, digest: str, path: Path) -> int:
        hasher, size = hashlib.sha256(), 0
        pieces = self._connection.receive(self._path(digest))
        first = next(pieces, b"")  # an error of the server comes before the file is made
        with path.open("wb") as file:
            while first:
                hasher.update(first)
                size += file.write(first)
                first = next(pieces, b"")
        if (found := hasher.hexdigest()) != digest:
            path.unlink()
            raise Corrupt(digest, found, f"{self._connection.url} or on the way from there")
        return size

    def has(self, digests: Collection[str]) -> set[str]:
        found: set[str] = self._call["has"](digests)
        return found

    def list(self, after: str = "", limit: int = 1000) -> Sequence[Stored]:
        found: Sequence[Stored] = self._call["list"](after, limit)
        return found

    def collect(self, digests: Sequence[str], before: int) -> Sequence[str]:
        found: Sequence[str] = self._call["collect"](digests, before)
        return found

    def delete(self, digest: str) -> None:
        self._call["delete"](digest)

    def _sound(self, digest: str) -> bool:
        """Whether the server has the blob whole: it reads it."""
        return self._connection.exists(BLOBS + digest)

    @staticmethod
    def _path(digest: str) -> str:
        if len(digest) != 64 or not digest.isalnum() or not digest.isascii():
            raise BadInput(f"{digest!r} is not a blob's name; blobs are named by the 64 digits of their sha-256")
        return BLOBS + digest
