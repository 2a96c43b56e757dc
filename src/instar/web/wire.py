"""Bodies on the wire: JSON for people and scripts, MessagePack for our own client (it carries NaN and bytes as they are)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from instar.serve.errors import BadJson, TooLarge
from instar.serve.wire import wrong_field
from instar.web.errors import BadMessage, WrongMediaType

JSON, MSGPACK = "application/json", "application/msgpack"
MOST_BODY = 64 * 1024 * 1024  # bytes of a body that is read whole; blobs are streamed


def headers_of(scope: Scope) -> Mapping[bytes, bytes]:
    """The headers of a request by their lower-case names."""
    if "instar.headers" not in scope:
        scope["instar.headers"] = dict(scope["headers"])
    found: Mapping[bytes, bytes] = scope["instar.headers"]
    return found


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known."""
    if announced_size(scope) > most:
        raise TooLarge("the body", most)
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return _within(body, most)
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await _next(receive)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise TooLarge("the body", most)
    return b"".join(parts)


async def _next(receive: Receive) -> Message:
    """A piece of the body. Raises ClientDisconnect: what came of a body that was cut off is not the body."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def announced_size(scope: Scope) -> int:
    """What the request says of its body's size, in bytes; 0 when it says nothing."""
    size = headers_of(scope).get(b"content-length", b"0")
    return int(size) if size.isdigit() else 0


def _within(body: bytes, most: int) -> bytes:
    if len(body) > most:
        raise TooLarge("the body", most)
    return body


@cache
def _decoders(type: Any) -> tuple[Callable[[bytes], Any], Callable[[bytes], Any]]:
    return msgspec.json.Decoder(type).decode, msgspec.msgpack.Decoder(type).decode


def decode(body: bytes, content_type: bytes, type: Any) -> Any:
    """The parameters in a body. An empty body is one without parameters. Raises WrongMediaType, BadJson, WrongField."""
    name = content_type.partition(b";")[0].strip().lower()
    as_json, as_msgpack = _decoders(type)
    if not body:
        return as_json_body(as_json, b"{}")
    if name == b"application/json":
        return as_json_body(as_json, body)
    if name in (b"application/msgpack", b"application/x-msgpack", b"application/vnd.msgpack"):
        try:
            return as_msgpack(body)
        except msgspec.ValidationError as error:
            raise wrong_field(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadMessage(f"the body is not MessagePack: {error}") from None
    raise WrongMediaType(content_type.decode("latin-1"), f"{JSON} or {MSGPACK}")


def as_json_body(decoder: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        return decoder(body)
    except msgspec.ValidationError as error:
        raise wrong_field(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadJson(f"the body is not JSON in UTF-8: {error}") from None


_json, _msgpack = msgspec.json.Encoder(), msgspec.msgpack.Encoder()


def encode(scope: Scope, answer: Any) -> Response:
    """The answer in the form that the request accepts: JSON unless it names MessagePack."""
    if b"msgpack" in headers_of(scope).get(b"accept", b""):
        return Response(_msgpack.encode(answer), media_type=MSGPACK)
    return Response(_json.encode(answer), media_type=JSON)
