"""HTTP/1.1 on one connection: parsing, pipelining in order, limits. What a request means is the plane's affair."""

from __future__ import annotations

import asyncio
import socket
import sys
import traceback
from collections import deque
from http import HTTPStatus
from typing import Protocol, cast

import httptools
import msgspec

from instar.base.errors import InstarError
from instar.serve.errors import BadJson, TooLarge, WrongField

MOST_HEAD = 32 * 1024
MOST_PIPELINED = 64
LINGER = 1.0  # seconds
JSON = b"application/json"
_HEADS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: ".encode() for status in HTTPStatus}
_OK = _HEADS[200] + JSON + b"\r\ncontent-length: "


class Request:
    """One request as it came. headers : lower-case names; of a repeated one the last"""

    __slots__ = ("body", "headers", "method", "url")

    def __init__(self) -> None:
        self.method = b""
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.body: bytes | bytearray = b""


class Exchange:
    """A request that is to be answered, once."""

    __slots__ = ("_connection", "keep_alive", "response", "route")

    def __init__(self, connection: Connection, keep_alive: bool) -> None:
        self._connection = connection
        self.keep_alive = keep_alive
        self.response: bytes | None = None
        self.route = "other"  # for the metrics

    @property
    def gone(self) -> bool:
        """Whether the client hung up."""
        return self._connection.closed

    def reply(self, body: bytes) -> None:
        """Answer 200 with JSON."""
        end = b"\r\n\r\n" if self.keep_alive else b"\r\nconnection: close\r\n\r\n"
        self.response = b"%b%d%b%b" % (_OK, len(body), end, body)
        self._connection.answered(self, 200)

    def answer(self, status: int, body: bytes, content_type: bytes = JSON, extra: bytes = b"") -> None:
        """Answer with any status. extra : more header lines, each ended by CR LF"""
        close = b"" if self.keep_alive else b"connection: close\r\n"
        head = b"%b%b\r\ncontent-length: %d\r\n%b%b\r\n" % (_HEADS[status], content_type, len(body), extra, close)
        self.response = head + body
        self._connection.answered(self, status)

    def fail(self, error: InstarError) -> None:
        """Answer with an error: the one place where errors become answers."""
        extra = b"retry-after: 1\r\n" if error.status == 503 else b""
        extra += b"www-authenticate: Bearer\r\n" if error.status == 401 else b""
        self.answer(error.status, msgspec.json.encode({"error": error_doc(error)}), extra=extra)


def error_doc(error: InstarError) -> dict[str, str]:
    """The one shape of an error."""
    doc = {"type": type(error).__name__, "message": str(error)}
    return {**doc, "path": error.path} if isinstance(error, WrongField) else doc


class Handler(Protocol):
    """What a connection needs of the plane."""

    connections: set[Connection]
    draining: bool
    most_body: int

    def handle(self, request: Request, exchange: Exchange) -> None: ...

    def counted(self, exchange: Exchange, status: int) -> None: ...


class Connection(asyncio.Protocol):
    """One client. Answers leave in the order of the requests; a client that hangs up harms nobody else."""

    def __init__(self, plane: Handler) -> None:
        self.closed = False
        self.active_at = 0.0
        self._plane = plane
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._request = Request()
        self._in_head = True
        self._ended = False
        self._head_bytes = 0
        self._refused = False
        self._paused = False
        self._slow_reader = False
        self._half_closed = False

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, which derives from nothing
        if (connected := transport.get_extra_info("socket")) is not None:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait 40 ms
        self.active_at = self._loop.time()
        self._plane.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self._queue.clear()
        self._plane.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._refused or self.closed:
            return
        self.active_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(BadJson("this server speaks HTTP/1.1 only; leave out the Upgrade header"))
        except httptools.HttpParserCallbackError:
            traceback.print_exc(file=sys.stderr)  # a mistake of ours: said, and only this connection ends
            self._refuse(_OurMistake("the server made a mistake; its log has the details"))
        except httptools.HttpParserError as error:
            self._refuse(BadJson(f"this is not HTTP/1.1: {error}"))
        else:
            # where a request ended in these bytes, what follows it is less than one read
            self._head_bytes = self._head_bytes + len(data) if self._in_head and not self._ended else 0
            self._ended = False
            if self._head_bytes > MOST_HEAD:
                self._refuse(TooLarge("the head of the request", MOST_HEAD))

    def eof_received(self) -> bool:
        """The client sends no more: the answers that are due still leave, then it is over."""
        self._half_closed = True
        return bool(self._queue)

    def pause_writing(self) -> None:
        self._slow_reader = True
        self._throttle()

    def resume_writing(self) -> None:
        self._slow_reader = False
        self._throttle()

    def _throttle(self) -> None:
        """Read no more from a client that does not read, or that has sent many requests at once."""
        full = self._slow_reader or len(self._queue) >= MOST_PIPELINED
        if full and not self._paused:
            self._transport.pause_reading()
        elif not full and self._paused and not self.closed:
            self._transport.resume_reading()
        self._paused = full

    # the parser's side

    def on_message_begin(self) -> None:
        self._request = Request()
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        request = self._request
        request.method = self._parser.get_method()
        length = request.headers.get(b"content-length")
        if length is not None and int(length) > self._plane.most_body:
            self._refuse(TooLarge("the body", self._plane.most_body))
        elif b"expect" in request.headers and not self._queue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        if self._refused:
            return
        if not (body := self._request.body):
            self._request.body = data
        else:
            if isinstance(body, bytes):
                self._request.body = body = bytearray(body)
            body += data
        if len(self._request.body) > self._plane.most_body:  # chunked: its length is not known before
            self._refuse(TooLarge("the body", self._plane.most_body))

    def on_message_complete(self) -> None:
        self._in_head = self._ended = True
        if self._refused:
            return
        exchange = Exchange(self, self._parser.should_keep_alive() and not self._plane.draining)
        self._queue.append(exchange)
        if len(self._queue) >= MOST_PIPELINED:
            self._throttle()
        self._plane.handle(self._request, exchange)

    # the answers

    def answered(self, exchange: Exchange, status: int) -> None:
        """An exchange has its response: send it, and those after it that wait only for this one."""
        self._plane.counted(exchange, status)
        queue = self._queue
        while queue and (response := queue[0].response) is not None:
            first = queue.popleft()
            if not self.closed:
                self._transport.write(response)
                if not first.keep_alive or (self._half_closed and not queue):
                    self._hang_up()
        if self._paused:
            self._throttle()

    def _hang_up(self) -> None:
        """Close once everything written has left."""
        self.closed = True
        if self._refused and self._transport.can_write_eof():
            # the client may still be sending: closing at once would reset the connection before it reads the answer
            self._transport.write_eof()
            self._loop.call_later(LINGER, self._transport.close)
        else:
            self._transport.close()

    def _refuse(self, error: InstarError) -> None:
        """Answer ``error`` after what is due, and read nothing more."""
        if self._refused:
            return
        self._refused = True
        exchange = Exchange(self, keep_alive=False)
        self._queue.append(exchange)
        exchange.fail(error)

    @property
    def idle(self) -> bool:
        return not self._queue

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


class _OurMistake(InstarError):
    status = 500
