"""Requests to a server: kept-alive connections, one a thread; errors come back as what they were."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from instar.base.errors import BadInput, Conflict, Forbidden, InstarError, NotFound, Unauthorized
from instar.base.settings import token_setting

T = TypeVar("T")
MSGPACK = "application/msgpack"
TIMEOUT = 120.0  # seconds without a byte
PAUSES = (0.1, 0.4, 1.5)  # seconds before what failed on the way is sent again
IDLE = 30.0  # seconds after which a connection may have been closed by the server
PIECE = 1 << 20  # bytes
# What a status stands for when the error's own class is not known here.
_BY_STATUS: dict[int, type[InstarError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: BadInput,
}


class Unreachable(InstarError):
    """No answer came from a server."""

    status = 503

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the server {url} does not answer ({why}); see whether it runs (`instar up` starts one) and the address is "
            "right, then try again: what was written already is not written twice"
        )


class Refused(InstarError):
    """A server answered with an error that this version of Instar does not know."""


class _Busy(Exception):
    """The server asks to try again later."""

    def __init__(self, error: InstarError) -> None:
        super().__init__(str(error))
        self.error = error


class Connection:
    """The way to one server. Several threads may use it; each has a connection of its own.

    One rule for trying again: a request whose connection broke, or that the server was too busy for, is sent again up to
    three times if it may be repeated. All that reads may, and all that writes what is named by its id: it is there once,
    however often it comes. What may not (tokens, keys, audit) goes out once, on a connection that is known to be fresh.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.username or parts.password or parts.query:
            raise BadInput(
                f"store {parts.scheme}://{parts.hostname}: give the token as INSTAR_TOKEN, not in the address"
            )
        secure = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if secure else 80)
        self._path = parts.path.rstrip("/")
        self._make: Callable[..., http.client.HTTPConnection] = (
            http.client.HTTPSConnection if secure else http.client.HTTPConnection
        )
        self.url = f"{parts.scheme}://{parts.netloc}{self._path}"
        self._mine = threading.local()
        self._all: list[http.client.HTTPConnection] = []

    def call(self, path: str, parameters: dict[str, Any], repeatable: bool) -> bytes:
        """POST named parameters, as MessagePack both ways; the body of the answer."""
        try:
            body = msgspec.msgpack.encode(parameters, enc_hook=_plain)
        except (OverflowError, UnicodeEncodeError) as error:
            raise BadInput(f"{path.rpartition('/')[2]}: {error}; numbers fit into 64 bits, text is Unicode") from None
        headers = {"Content-Type": MSGPACK, "Accept": MSGPACK}
        return self._again(lambda: self._exchange("POST", path, body, headers).read(), repeatable)

    def send(self, path: str, data: bytes | Path) -> None:
        """PUT bytes, or a file without loading it whole."""

        def attempt() -> None:
            if isinstance(data, bytes):
                self._exchange("PUT", path, data, {}).read()
                return
            with data.open("rb") as file:
                size = str(data.stat().st_size)
                self._exchange("PUT", path, iter(lambda: file.read(PIECE), b""), {"Content-Length": size}).read()

        self._again(attempt, repeatable=True)

    def receive(self, path: str) -> Iterator[bytes]:
        """GET bytes piece by piece. Raises Unreachable when they end too early."""
        response = self._again(lambda: self._exchange("GET", path, None, {}), repeatable=True)
        try:
            while piece := response.read(PIECE):
                yield piece
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            raise Unreachable(self.url, f"the answer broke off: {error}") from error

    def exists(self, path: str) -> bool:
        """HEAD: whether it is there."""
        try:
            self._again(lambda: self._exchange("HEAD", path, None, {}).read(), repeatable=True)
        except NotFound:
            return False
        return True

    def _again(self, attempt: Callable[[], T], repeatable: bool) -> T:
        """Try, and try again where that is safe."""
        for pause in PAUSES if repeatable else ():
            try:
                return attempt()
            except (http.client.HTTPException, ConnectionError, _Busy):
                self._drop()
                time.sleep(pause)
            except OSError as error:
                self._drop()
                raise Unreachable(self.url, _why(error)) from error
        try:
            return attempt()
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            raise Unreachable(self.url, _why(error)) from error
        except _Busy as busy:
            raise busy.error from None

    def _exchange(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        connection = self._connected()
        token = token_setting(self._host, self._port)
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        with suppress(BrokenPipeError, ConnectionResetError):  # an error may be answered before the body was read
            connection.request(method, self._path + path, body, {**headers, **authorization})
        response = connection.getresponse()
        self._mine.used = time.monotonic()
        if response.status >= 400:
            error = error_of(response.status, response.read(), self.url)
            raise _Busy(error) if response.status == 503 else error
        return response

    def _connected(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._make(self._host, self._port, timeout=TIMEOUT)
            self._mine.used = time.monotonic()
            self._all.append(connection)
        elif time.monotonic() - self._mine.used > IDLE:
            connection.close()  # it connects anew at the next request
        return connection

    def _drop(self) -> None:
        self._mine.connection.close()

    def close(self) -> None:
        for connection in self._all:
            connection.close()


def _why(error: BaseException) -> str:
    return str(error) or type(error).__name__


def error_of(status: int, body: bytes, url: str) -> InstarError:
    """The error that a server told, as its own class where that is known here."""
    try:
        doc = msgspec.json.decode(body)["error"]
        name, message = str(doc["type"]), str(doc["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        if status == 404:
            return NotFound("Instar server", url, next_step="another server answers there; correct the address")
        return Refused(f"the server {url} answered {status}: {body[:200].decode(errors='replace')}")
    known = {each.__name__: each for each in _classes(InstarError)}
    kind = known.get(name) or _BY_STATUS.get(status, Refused)
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    if "path" in doc:
        error.__dict__["path"] = doc["path"]
    return error


def _classes(root: type[InstarError]) -> Iterator[type[InstarError]]:
    yield root
    for each in root.__subclasses__():
        yield from _classes(each)


def _plain(value: Any) -> Any:
    """What callers may give as well: any collection, and numbers of numpy."""
    if isinstance(value, Iterable):
        return list(value)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be sent to a server")
