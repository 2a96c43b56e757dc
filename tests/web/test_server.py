"""What the control plane lets in, what it answers, what it notes, and how it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.web.running import ROOT, Threaded, WebProcess

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, Conflict, NotFound, Unauthorized
from instar.base.ids import event_id
from instar.base.settings import server_token_file
from instar.serve.address import NeedsTokens
from instar.serve.tokens import create_token
from instar.store import Store, open_store
from instar.store.connection import Unreachable
from instar.store.keeping.check import check
from instar.store.records import Metric, Node, Record
from instar.web.server import WebServer

HAS, PUT = "/api/v1/nodes/has", "/api/v1/nodes/put"


@pytest.fixture
def server(store: Store) -> Iterator[Threaded]:
    with Threaded(store, most_body=100_000, most_blob=3_000_000) as server:
        yield server


# who is let in


def test_without_a_token_only_the_health_and_the_document_are_answered(web: WebProcess) -> None:
    assert web.ask("GET", "/api/v1/health")[1]["status"] == "ready"
    assert web.ask("GET", "/api/v1/openapi.json")[1]["openapi"] == "3.1.0"
    for method, path in (("POST", HAS), ("GET", "/metrics"), ("GET", "/api/v1/find"), ("GET", "/nothing")):
        status, answer, headers = web.ask(method, path)
        assert (status, answer["error"]["type"], headers["WWW-Authenticate"]) == (401, "Unauthorized", "Bearer")
    assert web.ask("POST", HAS, {"ids": []}, token="0" * 64)[0] == 401


def test_a_page_of_another_site_and_another_host_name_are_refused(web: WebProcess, private: str) -> None:
    status, answer, _ = web.ask("POST", HAS, {"ids": []}, private, Origin="https://evil.example")
    assert (status, answer["error"]["type"]) == (403, "Forbidden")
    status, answer, _ = web.ask("POST", HAS, {"ids": []}, private, Host="evil.example")
    assert (status, answer["error"]["type"]) == (421, "WrongHost")
    assert web.ask("POST", HAS, {"ids": []}, private, Origin="http://localhost:1")[0] == 200


def test_roles_may_do_what_they_may(store: Store, server: Threaded) -> None:
    tokens = {role: create_token(store, role, role) for role in ("viewer", "contributor", "admin")}
    server.server.guard.refresh()
    calls = {HAS: {"ids": []}, "/api/v1/memo/put": {"entries": {}}, "/api/v1/access/tokens": {}}
    allowed = {
        role: [server.ask("POST", path, body, token)[0] for path, body in calls.items()]
        for role, token in tokens.items()
    }
    assert allowed == {"viewer": [200, 403, 403], "contributor": [200, 200, 403], "admin": [200, 200, 200]}


def test_a_revoked_token_counts_no_more_within_five_seconds(store: Store, server: Threaded) -> None:
    token = create_token(store, "ci", "viewer")
    server.server.guard.refresh()
    assert server.ask("POST", HAS, {"ids": []}, token)[0] == 200
    store.access.revoke_token("ci")
    until = time.monotonic() + 5.5
    while server.ask("POST", HAS, {"ids": []}, token)[0] == 200:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_an_address_that_others_reach_needs_tokens(store: Store) -> None:
    with pytest.raises(NeedsTokens, match="no token is registered"):
        WebServer(store, "0.0.0.0", 0)
    create_token(store, "ci", "viewer")
    with pytest.raises(NeedsTokens, match="--no-token"):
        WebServer(store, "0.0.0.0", 0, token=False)


def test_the_private_token_is_left_for_its_owner_alone_and_taken_away(store: Store) -> None:
    with Threaded(store) as server:
        path = server_token_file("127.0.0.1", server.server.port)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text() == (store.folder / "token").read_text()
    assert not path.exists()


def test_without_tokens_everyone_here_is_let_in_and_nobody_is_proved(store: Store) -> None:
    with Threaded(store, token=False) as server:
        node = Node(event_id(), "run")
        body = {"records": [Record((node,))]}
        assert server.ask("POST", PUT, body)[0] == 200
    assert store.nodes.received([node.id])[node.id].by == ""


# what is answered


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "type"),
    [
        ("GET", HAS, None, 405, "WrongMethod"),
        ("POST", "/api/v1/nodes/nothing", {}, 404, "NotFound"),
        ("POST", HAS, b"{", 400, "BadJson"),
        ("POST", HAS, b'{"ids": ["\xff"]}', 400, "BadJson"),
        ("POST", HAS, {"ids": 7}, 422, "WrongField"),
        ("POST", HAS, {"ids": [], "idz": 1}, 422, "WrongField"),
        ("POST", PUT, {"records": [{"nodes": [{"id": "0" * 32, "kind": "run", "nam": ""}]}]}, 422, "WrongField"),
        ("POST", PUT, {"records": [{"nodes": [{"id": "x", "kind": "run"}]}]}, 422, "BadInput"),
        ("POST", "/api/v1/nodes/since", {"limit": 0}, 422, "WrongField"),
        ("POST", "/api/v1/nodes/get", {"ids": ["0" * 32]}, 404, "NotFound"),
        ("GET", "/api/v1/find?q=metric.loss%3Clow", None, 422, "BadQuery"),
        ("GET", "/api/v1/find?limit=many", None, 422, "WrongField"),
        ("GET", "/api/v1/find?q=run&q=model", None, 422, "WrongField"),
        ("GET", "/api/v1/why", None, 422, "WrongField"),
        ("GET", "/api/v1/why?what=nobody", None, 404, "NotFound"),
        ("GET", "/api/v1/blobs/..%2f..%2fetc", None, 404, "NotFound"),
        ("GET", "/api/v1/blobs/zz", None, 422, "BadInput"),
        ("PUT", "/api/v1/blobs/" + "0" * 64, b"other bytes", 422, "BadInput"),
        ("POST", "/api/v1/blobs/" + "0" * 64, b"", 405, "WrongMethod"),
    ],
)  # fmt: skip
def test_every_error_has_one_shape(
    web: WebProcess, private: str, method: str, path: str, body: object, status: int, type: str
) -> None:
    found, answer, _ = web.ask(method, path, body, private)
    assert (found, answer["error"]["type"]) == (status, type)
    assert answer["error"]["message"]


def test_a_form_is_no_body_and_a_wrong_method_is_told_the_right_one(web: WebProcess, private: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert web.ask("POST", HAS, b"ids=1", private, **form)[1]["error"]["type"] == "WrongMediaType"
    assert web.ask("GET", HAS, None, private)[2]["Allow"] == "POST"


def test_what_is_too_large_is_refused_before_it_is_read(store: Store, server: Threaded) -> None:
    token = (store.folder / "token").read_text().strip()
    status, answer, _ = server.ask("POST", HAS, {"ids": ["a" * 200_000]}, token)
    assert (status, answer["error"]["type"]) == (413, "TooLarge")
    with open_store(server.url) as remote, pytest.raises(Exception, match="larger than 3000000 bytes"):
        remote.blobs.put(bytes(4_000_000))
    assert store.blobs.list() == []
    assert list((store.folder / "uploads").iterdir()) == []


def test_nan_is_null_in_json_and_a_number_in_messagepack(store: Store, server: Threaded) -> None:
    token, run = (store.folder / "token").read_text().strip(), event_id()
    store.metrics.append([Metric(run, "loss", 0, 0, float("nan"))])
    body = {"run": run, "key": "loss"}
    assert server.ask("POST", "/api/v1/metrics/history", body, token)[1] == [[run, "loss", 0, 0, None]]
    packed = server.ask("POST", "/api/v1/metrics/history", body, token, Accept="application/msgpack")[1]
    assert str(msgspec.msgpack.decode(packed)[0][4]) == "nan"


def test_blobs_come_whole_in_part_and_not_at_all(store: Store, server: Threaded) -> None:
    token, data = (store.folder / "token").read_text().strip(), bytes(range(256)) * 9000
    path = f"/api/v1/blobs/{digest_bytes(data)}"
    assert server.ask("GET", path, None, token)[0] == 404
    assert server.ask("PUT", path, data, token)[1] == {"digest": digest_bytes(data), "size": len(data)}
    assert server.ask("GET", path, None, token)[1] == data
    status, part, _ = server.ask("GET", path, None, token, Range="bytes=10-19")
    assert (status, part) == (206, data[10:20])
    place = store.folder / "blobs" / path[-64:-62] / path[-62:]
    place.write_bytes(b"altered")
    status, answer, _ = server.ask("GET", path, None, token)
    assert (status, answer["error"]["type"]) == (500, "Corrupt")
    assert list((store.folder / "uploads").iterdir()) == []


# what is noted


def test_a_change_is_audited_with_the_owner_of_the_token_and_the_address(store: Store, server: Threaded) -> None:
    token, node = create_token(store, "ci", "contributor"), Node(event_id(), "run", created_by="ana")
    server.server.guard.refresh()
    assert server.ask("POST", PUT, {"records": [Record((node,))]}, token)[0] == 200
    note = store.access.audited()[0]
    assert (note.action, note.subject, note.by, note.origin) == ("nodes.put", node.id, "ci", "ci from 127.0.0.1")
    assert store.nodes.received([node.id])[node.id].by == "ci"
    assert store.nodes.get([node.id])[0].created_by == "ana"
    body = {"points": [(node.id, "loss", 0, 0, 0.5)]}
    assert server.ask("POST", "/api/v1/metrics/append", body, token)[0] == 200
    assert store.access.audited()[0].seq == note.seq


def test_requests_are_counted_by_route_and_status(web: WebProcess, private: str) -> None:
    web.ask("POST", HAS, {"ids": []}, private)
    text = web.ask("GET", "/metrics", None, private)[1].decode()
    assert 'instar_store_requests_total{route="nodes.has",status="200"}' in text
    assert 'instar_store_request_seconds_bucket{le="0.0005",route="nodes.has"}' in text
    assert 'instar_store_size{what="database_bytes"}' in text


# the client


def test_errors_come_back_as_what_they_were(store: Store, server: Threaded) -> None:
    with open_store(server.url) as remote:
        with pytest.raises(NotFound, match="`instar find` lists"):
            remote.nodes.get(["0" * 32])
        node = Node(event_id(), "file", "aa")
        remote.nodes.put([Record((node,))])
        with pytest.raises(Conflict, match="never change"):
            remote.nodes.put([Record((msgspec.structs.replace(node, digest="bb"),))])
        with pytest.raises(BadInput, match="64 bits"):
            remote.metrics.append([Metric(event_id(), "loss", 2**70, 0, 1.0)])
        with pytest.raises(BadInput, match="Unicode"):
            remote.labels.history("x" * 32, "\ud800")


def test_a_wrong_token_and_a_server_that_is_not_there_are_told_with_the_next_step(
    server: Threaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unreachable, match=r"127.0.0.1:9 does not answer .*`instar up`"):
        open_store("http://127.0.0.1:9")
    with pytest.raises(BadInput, match="INSTAR_TOKEN"):
        open_store("http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("INSTAR_TOKEN", "0" * 64)
    with pytest.raises(Unauthorized, match="`instar token` makes one"):
        open_store(server.url)
    monkeypatch.delenv("INSTAR_TOKEN")
    with open_store(server.url) as remote:
        assert remote.id
        assert remote.folder.is_dir()


def test_threads_share_a_remote_store_and_a_mistake_among_joined_writes_is_told_to_its_maker_alone(
    server: Threaded,
) -> None:
    run, outcomes = event_id(), dict[int, str]()
    with open_store(server.url) as remote:

        def log(number: int) -> None:
            step = 2**63 if number == 7 else number
            try:
                remote.metrics.append([Metric(run, "loss", step, 0, 0.5)])
                outcomes[number] = "kept"
            except BadInput:
                outcomes[number] = "refused"

        threads = [threading.Thread(target=log, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == {number: "refused" if number == 7 else "kept" for number in range(40)}
        assert [point.step for point in remote.metrics.history(run, "loss")] == [n for n in range(40) if n != 7]


def test_a_client_goes_on_when_its_server_was_started_again(tmp_path: Path) -> None:
    with WebProcess(str(tmp_path / "store"), tmp_path) as first, open_store(first.url) as remote:
        id, port = remote.id, first.port
        assert first.stop() == 0
        with WebProcess(str(tmp_path / "store"), tmp_path, "--port", str(port)):
            assert remote.id == id


# how it ends


def test_what_was_acknowledged_before_kill_9_is_there_and_sigterm_loses_no_answer(tmp_path: Path) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        folder = tmp_path / number.name
        folder.mkdir()
        acknowledged: list[str] = []
        with WebProcess(str(folder / "store"), folder) as server, open_store(server.url) as remote:

            def put(remote: Store = remote, acknowledged: list[str] = acknowledged) -> None:
                try:
                    while True:
                        node = Node(event_id(), "run", created_at=clock.now())
                        remote.nodes.put([Record((node,))])
                        acknowledged.append(node.id)
                except (Unreachable, Unauthorized):
                    return

            threads = [threading.Thread(target=put) for _ in range(4)]
            for thread in threads:
                thread.start()
            while len(acknowledged) < 30:
                time.sleep(0.01)
            server.process.send_signal(number)
            status = server.process.wait(30)
            for thread in threads:
                thread.join()
        assert status == (0 if number == signal.SIGTERM else -number)
        with open_store(folder / "store") as store:
            assert store.nodes.has(acknowledged) == set(acknowledged)
            assert check(store).clean


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "instar", "up", "--no-serve", "--store", str(tmp_path / "s"), "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "cannot be listened on" in done.stderr


def test_the_data_plane_is_started_beside_it_again_when_it_dies_and_ended_with_it(tmp_path: Path) -> None:
    with WebProcess(str(tmp_path / "store"), tmp_path, "--serve-port", "0", serve=True) as server:
        first = server.child()
        host, port = server.serve_address()
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
            connection.request("GET", "/v1/health")
            assert connection.getresponse().status == 200
        os.kill(first, signal.SIGKILL)
        server.serve_address()  # it says so when it is ready again
        second = server.child()
        assert second != first
        assert "it is started again" in server.errors.read_text()
        assert server.stop() == 0
        assert not Path(f"/proc/{second}").exists()
