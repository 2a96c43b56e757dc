"""Blobs' bytes over HTTP: streamed, never whole in memory, and checked against their digest on every way."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from uuid import uuid4

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, Corrupt, InstarError, NotFound
from instar.serve.errors import TooLarge
from instar.store.keeping.tombstones import refuse_erased
from instar.store.store import Store
from instar.web.calls import Calls
from instar.web.gate import actor_of, identity_of
from instar.web.scope import Scopes
from instar.web.wire import announced_size, encode

MOST_BLOB = 1 << 40  # bytes of one blob
IN_MEMORY = 1 << 20  # bytes up to which a blob takes no temporary file
PIECE = 1 << 20  # bytes read from a file at a time
BYTES = "application/octet-stream"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobFile(FileResponse):
    """A file that is read in large pieces; ``Range`` is honoured."""

    chunk_size = PIECE


class BlobRoutes:
    """``PUT``, ``GET`` and ``HEAD`` of one blob."""

    def __init__(self, scopes: Scopes, calls: Calls, folder: Path, most: int = MOST_BLOB) -> None:
        """folder : for what comes and goes, emptied at the start;  most : bytes of one blob"""
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        self._scopes, self._calls, self._folder, self._most = scopes, calls, folder, most

    async def answer(self, request: Request) -> Response:
        return await (self.put if request.method == "PUT" else self.get)(request)

    async def put(self, request: Request) -> Response:
        """Keep the bytes of the body under their digest, which must be the one in the path; durable when answered."""
        identity = identity_of(request.scope)
        identity.need("contributor")
        digest = self._digest(request)
        if announced_size(request.scope) > self._most:
            raise TooLarge("the blob", self._most)
        store, whole = self._scopes.store_for(identity), self._scopes.whole

        def look() -> None:
            refuse_erased(whole.nodes, identity.project, [], {digest})

        await self._calls.run(look, actor_of(request.scope), changes=False)
        received = await self._receive(request)

        def keep() -> int:
            size = self._keep(store, digest, received)
            store.access.audit("blobs.put", digest, identity.name, f"{size} bytes")
            return size

        try:
            size = await self._calls.run(keep, actor_of(request.scope), changes=True)
        finally:
            if isinstance(received, Path):
                received.unlink(missing_ok=True)
        return encode(request.scope, {"digest": digest, "size": size})

    async def get(self, request: Request) -> Response:
        """The bytes, checked: a corrupt blob is an error, never an answer. ``Range`` gives a part, ``HEAD`` none."""
        identity = identity_of(request.scope)
        identity.need("viewer")
        digest, store = self._digest(request), self._scopes.store_for(identity)
        path = self._folder / uuid4().hex

        def fetch() -> int:
            try:
                return store.blobs.fetch(digest, path)
            except InstarError as error:
                path.unlink(missing_ok=True)
                raise _told(error, digest) from None

        await self._calls.run(fetch, actor_of(request.scope), changes=False)
        return BlobFile(path, media_type=BYTES, background=BackgroundTask(path.unlink))

    def _digest(self, request: Request) -> str:
        request.scope["instar.route"] = f"blobs.{request.method.lower()}"
        digest: str = request.path_params["digest"]
        if not _DIGEST.fullmatch(digest):
            raise BadInput(f"{digest!r} is not a blob's name; blobs are named by the 64 digits of their sha-256")
        return digest

    async def _receive(self, request: Request) -> bytes | Path:
        """The body: in memory while it is small, then in a file. Raises TooLarge, ClientDisconnect."""
        small, path, size = bytearray(), self._folder / uuid4().hex, 0
        file = None
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > self._most:
                    raise TooLarge("the blob", self._most)
                small += piece
                if len(small) > IN_MEMORY:
                    file = file or path.open("wb")
                    await self._calls.run(lambda: file.write(small), None, changes=True)  # noqa: B023
                    small = bytearray()
            if file is None:
                return bytes(small)
            file.write(small)
            file.close()
            return path
        except BaseException:
            if file is not None:
                file.close()
                path.unlink(missing_ok=True)
            raise

    @staticmethod
    def _keep(store: Store, digest: str, received: bytes | Path) -> int:
        found = digest_bytes(received) if isinstance(received, bytes) else _digest_of(received)
        if found != digest:
            raise BadInput(
                f"the bytes that came have the digest {found}, not {digest}; nothing was kept. Send the blob again"
            )
        if isinstance(received, bytes):
            store.blobs.put(received)
            return len(received)
        return store.blobs.put_file(received)[1]


def _told(error: InstarError, digest: str) -> InstarError:
    """The error without the place on the server's disk."""
    if type(error) is NotFound:
        return NotFound("blob", digest, next_step="this store does not have it; `instar check` there says whose it is")
    if isinstance(error, Corrupt):
        return Corrupt(digest, "other than that", "the server")
    return error


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
