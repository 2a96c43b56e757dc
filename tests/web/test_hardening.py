"""What is sent to confuse the server, and what it tells nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest
from tests.web.running import Threaded

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.ids import content_id, event_id
from instar.serve.tokens import create_token
from instar.store import Store
from instar.store.keeping.erasure import erase_ids
from instar.store.records import Edge, File, Node, Record

HAS = "/api/v1/nodes/has"


@pytest.fixture
def token(store: Store) -> str:
    return create_token(store, "ci", "contributor")


@pytest.fixture
def server(store: Store, token: str) -> Iterator[Threaded]:
    with Threaded(store) as server:
        yield server


def raw(server: Threaded, *pieces: bytes, cut: bool = False) -> bytes:
    """The beginning of the answer to bytes as they are. cut : go away after the last one"""
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return b"" if cut else connection.recv(4096)


def head(token: str, *more: bytes, method: bytes = b"POST", path: bytes = HAS.encode()) -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Authorization: Bearer " + token.encode(), *more]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "more",
    [
        (b"Host: localhost", b"Host: evil"),
        (b"Host: evil", b"Host: localhost"),
        (b"Host: localhost", b"Origin: http://evil", b"Origin: http://localhost"),
        (b"Host: localhost", b"Authorization: Bearer x"),
        (b"Host: localhost", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"Host: localhost", b"Content-Length: 5", b"Content-Length: 6"),
        (b"Host: localhost", b"Content-Length: -1"),
        (b"Host: localhost", b"Transfer-Encoding: xchunked"),
    ],
)
def test_a_request_that_says_two_things_is_refused(server: Threaded, token: str, more: tuple[bytes, ...]) -> None:
    assert raw(server, head(token, *more)).startswith(b"HTTP/1.1 400")


def test_a_page_that_only_looks_like_one_of_this_host_is_refused(server: Threaded, token: str) -> None:
    for origin in ("null", "http://localhost:1@evil", "http://evil#localhost", "http://localhost.evil"):
        assert server.ask("POST", HAS, {"ids": []}, token, Origin=origin)[0] == 403, origin


def test_a_head_without_end_is_not_kept_in_memory(server: Threaded) -> None:
    with pytest.raises(ConnectionError):
        raw(server, b"GET / HTTP/1.1\r\nX: ", *[b"a" * 65536] * 1000)


def test_a_connection_whose_request_never_comes_is_closed(
    server: Threaded, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instar.web.heads.HEAD_WITHIN", 0.2)
    assert raw(server) == raw(server, b"GET / HTTP/1.1\r\nHost: ") == b""
    assert server.ask("POST", HAS, {"ids": []}, token)[0] == 200


def test_a_body_nested_too_deep_is_no_mistake_of_the_server(server: Threaded, token: str) -> None:
    body = msgspec.msgpack.encode({"records": [{"nodes": [{"id": event_id(), "kind": "run", "doc": {"a": 0}}]}]})
    deep = body[:-1] + b"\x91" * 50_000 + b"\xc0"
    status, answer, _ = server.ask("POST", "/api/v1/nodes/put", deep, token, Content_Type="application/msgpack")
    assert (status, answer["error"]["type"]) == (400, "BadMessage")


def test_a_body_that_is_cut_off_does_nothing(store: Store, token: str, server: Threaded) -> None:
    digest = digest_bytes(b"x" * 90_000).encode()
    host = (b"Host: localhost", b"Content-Type: application/json")
    raw(server, head(token, *host, b"Content-Length: 90000", method=b"PUT", path=b"/api/v1/blobs/" + digest), cut=True)
    chunked = head(token, *host, b"Transfer-Encoding: chunked", path=b"/api/v1/memo/put")
    raw(server, chunked, b'0e\r\n{"entries": {}}\r\n', cut=True)
    assert server.ask("POST", HAS, {"ids": []}, token)[0] == 200
    assert store.blobs.list() == []
    assert list((store.folder / "uploads").iterdir()) == []
    assert store.access.audited(action="memo") == []


def test_the_audit_says_where_a_request_came_from_whatever_it_says_of_itself(
    store: Store, token: str, server: Threaded
) -> None:
    forged = {"X-Forwarded-For": "10.0.0.1 ana", "Forwarded": "for=10.0.0.1"}
    assert server.ask("POST", "/api/v1/memo/put", {"entries": {}}, token, **forged)[0] == 200
    assert store.access.audited()[0].origin == "ci from 127.0.0.1"


def test_an_error_about_a_blob_names_no_place_on_the_servers_disk(store: Store, token: str, server: Threaded) -> None:
    digest = store.blobs.put(b"bytes")
    (store.folder / "blobs" / digest[:2] / digest[2:]).write_bytes(b"other")
    for name, status in (("a" * 64, 404), (digest, 500)):
        found, answer, _ = server.ask("GET", f"/api/v1/blobs/{name}", None, token)
        assert found == status, answer
        assert str(store.folder) not in answer["error"]["message"]


def test_bytes_that_were_erased_everywhere_are_not_taken_again(store: Store, token: str, server: Threaded) -> None:
    digest = store.blobs.put(b"bytes")
    file, run = Node(content_id("file", digest), "file", digest), Node(event_id(), "run", "", "p", "r", clock.now())
    record = Record((file, run), (Edge(run.id, "used", file.id),), files=(File(file.id, "a.csv", digest, 5),))
    store.nodes.put([record])
    erase_ids(store, [file.id], "asked to", "p", everywhere=True)
    for method, body in (("PUT", b"bytes"), ("GET", None), ("HEAD", None)):
        assert server.ask(method, f"/api/v1/blobs/{digest}", body, token)[0] == 410, method
    assert store.blobs.list() == []
