"""What a client sees of a server in a process of its own."""

from __future__ import annotations

import http.client
import socket
import stat
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from tests.serve.running import ROW, Process

from instar.serve.client import Client
from instar.serve.errors import RemoteError, UnknownPrediction
from instar.serve.lookup import lookup
from instar.serve.tokens import LOCAL_TOKEN, create_token
from instar.store import Store

PREDICT = "/v1/deployments/sign/predict"


def refused(client: Client, method: str, path: str, body: Any = None) -> RemoteError:
    with pytest.raises(RemoteError) as error:
        client.call(method, path, body)
    return error.value


def raw(running: Process, request: bytes) -> bytes:
    """Send bytes and read until the server hangs up."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(store: Store, method: str, path: str, length: int, extra: str = "", host: str = "localhost") -> bytes:
    token = (store.folder / LOCAL_TOKEN).read_text().strip()
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"{extra}Content-Length: {length}\r\n\r\n"
    ).encode()


def test_an_answer_has_an_id_a_value_a_score_and_the_version(client: Client) -> None:
    answer = client.predict("sign", ROW)
    assert answer["value"] is True
    assert 0.5 < answer["score"] <= 1
    assert answer["version"] in ("sign@1", "sign@2")
    assert answer["durable"] is False
    assert client.predict("sign", {"a": -1.0, "b": 0.0}, scores=True, id="mine")["scores"].keys() == {"false", "true"}


def test_what_the_client_calls_its_request_comes_back(client: Client) -> None:
    assert client.predict("sign", ROW, id="mine")["request_id"] == "mine"


def test_many_rows_are_answered_in_order(client: Client) -> None:
    rows = [{"a": float(sign), "b": 0.0} for sign in (1, -1, 1, 1, -1)]
    answers = client.predict_many("sign", rows)
    assert [answer["value"] for answer in answers] == [True, False, True, True, False]
    assert len({answer["id"] for answer in answers}) == 5


def test_a_decision_is_found_by_its_id_at_once_and_with_its_feedback(client: Client) -> None:
    answer = client.predict("sign", ROW, {"region": "US"})
    given = client.feedback(answer["id"], value=True)
    assert given == {"id": answer["id"], "reward": 1.0, "counted": True, "durable": True}
    found = client.prediction(answer["id"])
    assert (found["row"], found["value"], found["context"]) == (ROW, True, {"region": "US"})
    assert found["key"] == 'region="US"'
    assert found["name"] == answer["version"]
    assert [candidate["name"] for candidate in found["candidates"]] == ["sign@1", "sign@2"]
    assert sum(candidate["propensity"] for candidate in found["candidates"]) == pytest.approx(1)
    assert [feedback["reward"] for feedback in found["feedback"]] == [1.0]


def test_another_process_finds_a_decision_of_an_open_segment(client: Client, served_store: Store) -> None:
    answer = client.predict("sign", ROW)
    client.feedback(answer["id"], reward=0.25)
    found = lookup(answer["id"], served_store)
    assert (found.row, found.dataset, found.feedback[0]["reward"]) == (ROW, "", 0.25)
    with pytest.raises(UnknownPrediction, match="no such record"):
        lookup(answer["id"].rpartition("-")[0] + "-99999", served_store)


def test_the_first_feedback_counts_and_later_ones_are_kept(client: Client) -> None:
    answer = client.predict("sign", ROW)
    before = client.deployment("sign")["feedback"]
    assert client.feedback(answer["id"], value=False) == {
        "id": answer["id"], "reward": 0.0, "counted": True, "durable": True,
    }  # fmt: skip
    assert client.feedback(answer["id"], value=True)["counted"] is False
    assert client.deployment("sign")["feedback"] == before + 1
    assert len(client.prediction(answer["id"])["feedback"]) == 2


def test_a_wrong_type_is_refused_with_the_path_of_the_field(client: Client) -> None:
    error = refused(client, "POST", PREDICT, {"row": {"a": "one", "b": 0}})
    assert (error.status_code, error.type, error.path) == (422, "WrongField", "$.row.a")
    assert "Expected `float | null`, got `str`" in str(error)


def test_a_null_the_model_cannot_take_is_the_rows_error_and_not_its_neighbours(client: Client) -> None:
    error = refused(client, "POST", PREDICT, {"row": {"a": None, "b": 0}})
    assert error.status_code == 422
    assert "null in it: a" in str(error)
    good, bad = client.predict_many("sign", [ROW, {"a": None, "b": 0.0}])
    assert good["value"] is True
    assert "null in it: a" in bad["error"]["message"]


def test_an_unknown_deployment_names_those_that_are_live(client: Client) -> None:
    error = refused(client, "POST", "/v1/deployments/sing/predict", {"row": ROW})
    assert error.status_code == 404
    assert "no deployment 'sing'; live here: sign; did you mean 'sign'?" in str(error)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"id": "nonsense", "reward": 1}, 404, "an id has the form"),
        ({"id": f"{'0' * 8}-{'0' * 32}-1", "reward": 1}, 404, "no journal of this store has its segment"),
        ({"id": "x"}, 422, "give `value`"),
        ({"id": "x", "reward": 2}, 422, "<= 1"),
        ({"reward": 1}, 422, "missing required field `id`"),
    ],
)
def test_feedback_that_cannot_be_used_is_refused(client: Client, body: Any, status: int, message: str) -> None:
    error = refused(client, "POST", "/v1/feedback", body)
    assert error.status_code == status
    assert message in str(error)


def test_feedback_of_a_wrong_type_is_refused_with_its_path(client: Client) -> None:
    answer = client.predict("sign", ROW)
    error = refused(client, "POST", "/v1/feedback", {"id": answer["id"], "value": "yes"})
    assert (error.status_code, error.path) == (422, "$.value")


def test_an_id_beyond_the_segment_names_the_window_in_which_it_can_be_lost(client: Client) -> None:
    lost = client.predict("sign", ROW)["id"].rpartition("-")[0] + "-123456"
    error = refused(client, "POST", "/v1/feedback", {"id": lost, "reward": 1})
    assert error.status_code == 404
    assert "`durable: false`" in str(error)


def test_a_body_that_is_not_json_is_refused(running: Process, served_store: Store) -> None:
    answer = raw(running, head(served_store, "POST", PREDICT, 4) + b"{row")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"BadJson" in answer


def test_a_body_that_is_too_large_is_refused_whether_its_length_is_told_or_not(
    running: Process, served_store: Store
) -> None:
    told = raw(running, head(served_store, "POST", PREDICT, 200_000) + b"x" * 200_000)
    assert told.startswith(b"HTTP/1.1 413 ")
    assert b"larger than 100000 bytes" in told
    chunked = head(served_store, "POST", PREDICT, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    untold = raw(running, chunked + b"10000\r\n" + b"x" * 0x10000 + b"\r\n" + b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    assert untold.startswith(b"HTTP/1.1 413 ")


def test_a_head_without_end_is_refused(running: Process) -> None:
    answer = raw(running, b"GET /v1/health HTTP/1.1\r\nX: " + b"x" * 100_000)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_what_is_not_http_is_refused(running: Process) -> None:
    assert raw(running, b"hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer " + "0" * 64}, 401),
        ({"Authorization": "Basic abc"}, 401),
    ],
)
def test_without_a_token_that_counts_nothing_is_answered(
    running: Process, headers: Mapping[str, str], status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    for method, path in [("POST", PREDICT), ("GET", "/metrics"), ("GET", "/v1/deployments"), ("POST", "/v1/feedback")]:
        connection.request(method, path, b"{}", dict(headers))
        response = connection.getresponse()
        assert response.status == status
        assert response.headers["www-authenticate"] == "Bearer"
        response.read()
    connection.request("GET", "/v1/health")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_registered_token_is_taken_with_its_role_and_refused_once_revoked(
    running: Process, served_store: Store
) -> None:
    token = create_token(served_store, "eva", "viewer")
    deadline = time.monotonic() + 6
    with running.client(token) as eva:
        while not (answer := let_in(eva)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert refused(eva, "POST", "/v1/feedback", {"id": answer["id"], "reward": 1}).status_code == 403
        served_store.access.revoke_token("eva")
        revoked = time.monotonic()
        while let_in(eva):
            assert time.monotonic() - revoked < 5
            time.sleep(0.1)


def let_in(client: Client) -> dict[str, Any]:
    """An answer, or nothing when the token does not count."""
    try:
        return client.predict("sign", ROW)
    except RemoteError as error:
        if error.status_code != 401:
            raise
        return {}


def test_the_private_token_lies_in_a_file_only_its_owner_can_read(running: Process, served_store: Store) -> None:
    assert stat.S_IMODE((served_store.folder / LOCAL_TOKEN).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("host", "extra", "status"),
    [
        ("evil.example", "", 421),
        ("127.0.0.1.evil.example", "", 421),
        ("localhost:7071", "", 200),
        ("MODELS.example", "", 200),
        ("localhost", "Origin: https://evil.example\r\n", 403),
        ("localhost", "Origin: http://localhost:8000\r\n", 200),
    ],
)
def test_only_its_own_names_reach_it(running: Process, served_store: Store, host: str, extra: str, status: int) -> None:
    body = msgspec.json.encode({"row": ROW})
    answer = raw(running, head(served_store, "POST", PREDICT, len(body), extra, host) + body)
    assert answer.startswith(b"HTTP/1.1 %d " % status)


def test_requests_sent_at_once_are_answered_in_order(running: Process, served_store: Store) -> None:
    def one(number: int) -> bytes:
        body = msgspec.json.encode({"row": {"a": 1.0 if number % 3 else -1.0, "b": 0.0}, "id": str(number)})
        return head(served_store, "POST", PREDICT, len(body)) + body

    bad = head(served_store, "GET", "/nowhere", 0)
    answers = raw(running, b"".join(bad if number == 50 else one(number) for number in range(200)))
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert len(bodies) == 200, [body for body in bodies if b"request_id" not in body]
    docs = [msgspec.json.decode(body) for body in bodies]
    assert "no route" in docs.pop(50)["error"]["message"]
    assert [doc["request_id"] for doc in docs] == [str(number) for number in range(200) if number != 50]
    assert all(doc["value"] is bool(int(doc["request_id"]) % 3) for doc in docs)


def test_clients_that_hang_up_at_any_moment_harm_nobody(running: Process, served_store: Store, client: Client) -> None:
    body = msgspec.json.encode({"row": ROW})
    whole = head(served_store, "POST", PREDICT, len(body)) + body

    def hang_up(cut: int) -> None:
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # a reset
            connection.sendall((whole * 3)[:cut])

    with ThreadPoolExecutor(4) as pool:
        hanging = [pool.submit(hang_up, cut) for cut in range(0, 3 * len(whole), 5)]
        for _ in range(50):
            assert client.predict("sign", ROW)["value"] is True
        for each in hanging:
            each.result()
    assert client.predict("sign", ROW)["value"] is True


def test_many_clients_share_batches(running: Process, client: Client) -> None:
    def work(number: int) -> list[bool]:
        with running.client() as mine:
            return [mine.predict("sign", {"a": float(number % 2) - 0.5, "b": 0.0})["value"] for _ in range(40)]

    before = client.deployment("sign")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    after = client.deployment("sign")
    assert answers == [[bool(number % 2)] * 40 for number in range(8)]
    assert sum(after["predictions"].values()) - sum(before["predictions"].values()) == 320
    assert after["model_calls"] - before["model_calls"] < 320


def test_the_metrics_count_requests_calls_and_reasons(running: Process, client: Client, served_store: Store) -> None:
    client.predict("sign", ROW)
    text = raw(running, head(served_store, "GET", "/metrics", 0)).decode()
    assert 'instar_requests_total{route="predict",status="200"}' in text
    assert 'instar_batches_total{deployment="sign",reason="idle"}' in text
    assert 'instar_prediction_seconds_bucket{deployment="sign",le="0.02"}' in text


def test_a_known_path_with_another_method_says_which_one_it_has(client: Client) -> None:
    error = refused(client, "GET", PREDICT)
    assert error.status_code == 405
    assert "use POST" in str(error)
