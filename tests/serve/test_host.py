"""A server with candidates that misbehave, each in a real host process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.serve import odd
from tests.serve.running import ROOT, ROW, Threaded, versions

from instar.serve.client import Client
from instar.serve.deployment import deploy, undeploy
from instar.serve.errors import RemoteError
from instar.serve.host import Arm
from instar.serve.policies import Answer, Choice, PolicyState, Thompson, policy
from instar.store import Store


@pytest.fixture
def odd_server(store: Store) -> Iterator[Threaded]:
    deploy("sign", versions(store), timeout_ms=2000, experimental=True, store=store)
    with Threaded(store, loader=odd.LOADER) as threaded:
        yield threaded


def status_of(client: Client, a: float, **options: Any) -> tuple[int, str]:
    try:
        return 200, client.predict("sign", {"a": a, "b": 0.0}, **options)["version"]
    except RemoteError as error:
        return error.status_code, str(error)


def at_once(threaded: Threaded, *a: float, **options: Any) -> list[tuple[int, str]]:
    """One client for each value, all at the same time."""
    barrier = threading.Barrier(len(a))

    def ask(value: float) -> tuple[int, str]:
        with threaded.client() as client:
            barrier.wait()
            return status_of(client, value, **options)

    with ThreadPoolExecutor(len(a)) as pool:
        return list(pool.map(ask, a))


def test_a_row_on_which_the_model_fails_fails_alone(odd_server: Threaded) -> None:
    with odd_server.client() as client:
        answers = client.predict_many("sign", [ROW, {"a": odd.FAIL, "b": 0.0}, ROW, ROW])
        assert [answer.get("value") for answer in answers] == [True, None, True, True]
        assert answers[1]["error"]["type"] == "RowFailed"
        assert "ZeroDivisionError: a is -1" in answers[1]["error"]["message"]
        assert status_of(client, odd.FAIL)[0] == 500


def test_a_model_that_ends_its_process_gives_503_and_is_back_soon(odd_server: Threaded) -> None:
    with odd_server.client() as client:
        status, message = status_of(client, odd.DIE)
        assert status == 503
        assert "HostDied" in message
        deadline = time.monotonic() + 15
        while status_of(client, 1.0)[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert client.deployment("sign")["host"]["restarts"] == 1


def test_a_request_whose_deadline_passes_gets_504_and_the_model_is_not_asked(odd_server: Threaded) -> None:
    with odd_server.client() as client:
        before = client.deployment("sign")["model_calls"]
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(at_once, odd_server, odd.SLEEP)
            while client.deployment("sign")["model_calls"] == before:
                time.sleep(0.005)
            status, message = status_of(client, 1.0, timeout_ms=50)
            assert not slow.done()  # it was answered before the model was free
            assert slow.result()[0][0] == 200
        assert status == 504
        assert "the deadline passed" in message
        assert client.deployment("sign")["model_calls"] == before + 1


def test_what_waits_for_a_slow_call_is_answered_together(odd_server: Threaded) -> None:
    with odd_server.client() as client:
        before = client.deployment("sign")["model_calls"]
        answers = at_once(odd_server, odd.SLEEP, *[1.0] * 7)
        assert [status for status, _ in answers] == [200] * 8
        assert client.deployment("sign")["model_calls"] - before <= 3


def test_more_rows_than_may_wait_are_too_many_for_one_request(odd_server: Threaded) -> None:
    with odd_server.client() as client, pytest.raises(RemoteError, match="send at most 4096") as error:
        client.predict_many("sign", [ROW] * 4097)
    assert (error.value.status_code, error.value.path) == (422, "$.rows")


def test_a_new_deployment_version_is_taken_over_without_a_refused_request(store: Store) -> None:
    made = versions(store, 2)
    deploy("sign", made[:1], experimental=True, store=store)
    with Threaded(store) as threaded, threaded.client() as client:
        seen = set()
        deploy("sign", made[1:], experimental=True, store=store)
        deadline = time.monotonic() + 15
        while "sign@2" not in seen:
            assert time.monotonic() < deadline
            answer = client.predict("sign", ROW)
            seen.add(answer["version"])
        client.feedback(answer["id"], value=True)
        assert client.deployment("sign")["version"] == 2
        undeploy("sign", store=store)
        while client.deployments():
            assert time.monotonic() < deadline + 5
            time.sleep(0.05)
        with pytest.raises(RemoteError, match="none is live here"):
            client.predict("sign", ROW)


def test_feedback_for_a_version_that_was_replaced_still_counts_and_evidence_is_kept(store: Store) -> None:
    made = versions(store, 2)
    deploy("sign", made, Thompson(), experimental=True, store=store)
    with Threaded(store, loader=odd.LOADER) as threaded, threaded.client() as client:
        ids = [client.predict("sign", ROW)["id"] for _ in range(5)]
        client.feedback(ids[0], value=True)
        deploy("sign", made, Thompson(forget=100.0), experimental=True, store=store)
        deadline = time.monotonic() + 15
        while client.deployment("sign")["version"] != 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert client.deployment("sign")["feedback"] == 1
        assert client.feedback(ids[1], value=True)["counted"]
        assert not client.feedback(ids[0], value=True)["counted"]
        assert client.deployment("sign")["feedback"] == 2


def test_a_deployment_that_cannot_be_loaded_is_not_served_and_says_why(
    store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    deploy("sign", versions(store), experimental=True, store=store)
    refusal = r"503 Withheld: deployment 'sign' is not served: .*the weights are not there"
    failing = Threaded(store, loader="tests.serve.odd:fail")
    with failing, failing.client() as client, pytest.raises(RemoteError, match=refusal):
        client.predict("sign", ROW)
    assert "sign@1 is not served" in capfd.readouterr().err


@policy("surest")
@dataclass(frozen=True)
class Surest:
    """Asks everybody; the surest answer counts. Entered in the table as anybody's policy would be."""

    name: ClassVar[str]

    def init(self, origin: str) -> PolicyState:
        return PolicyState(origin)

    def key(self, context: Mapping[str, Any]) -> str:
        return ""

    def select(self, state: PolicyState, arms: Sequence[str], key: str, at: int, random: Random) -> Choice:
        return Choice(tuple(range(len(arms))), (1.0,) * len(arms))

    def combine(self, answers: Sequence[Answer]) -> Answer:
        return max(answers, key=lambda answer: answer.score or 0.0)

    def observe(self, state: PolicyState, key: str, arm: str, propensity: float, reward: float, at: int) -> None:
        state.observe(key, arm, reward, at)


def test_a_policy_that_asks_everybody_combines_what_came_in_time_and_names_who_is_missing(store: Store) -> None:
    deploy("sign", versions(store, 2), Surest(), experimental=True, store=store)
    with Threaded(store, loader=odd.LOADER) as threaded, threaded.client() as client:
        both = client.predict("sign", ROW)
        assert (both["version"], both["score"]) == ("sign@2", pytest.approx(0.7))
        assert "degraded" not in both
        one = client.predict("sign", {"a": odd.HANG, "b": 0.0}, timeout_ms=300)
        assert (one["version"], one["degraded"], one["missing"]) == ("sign@1", True, ["sign@2"])
        found = client.prediction(one["id"])
        assert found["missing"] == ["sign@2"]
        assert [candidate["asked"] for candidate in found["candidates"]] == [True, True]


def test_the_short_way_for_numbers_answers_as_the_bundle_does_and_a_null_takes_the_long_one(store: Store) -> None:
    bundle = versions(store)[0].load()
    arm = Arm(bundle, bundle.signature.features)
    table = np.random.default_rng(2).normal(size=(50, 2))
    rows = b"".join(msgspec.msgpack.encode(tuple(row)) for row in table.tolist())
    expected = bundle.predict(pl.DataFrame(table, schema=["a", "b"]))
    assert expected.scores is not None
    reply = arm.answer(memoryview(rows), 50, all_scores=True)
    assert reply.values == expected.values.tolist()
    assert reply.all_scores == expected.scores.tolist()
    assert reply.scores == expected.scores.max(axis=1).tolist()
    with_null = rows + msgspec.msgpack.encode((None, 1.0))
    reply = arm.answer(memoryview(with_null), 51, all_scores=False)
    assert reply.values == [*expected.values.tolist(), None]
    assert "NaN" in reply.errors[50]


def test_a_server_is_stopped_also_while_a_model_is_still_being_loaded(store: Store) -> None:
    deploy("sign", versions(store), experimental=True, store=store)
    code = (
        "from instar.serve.server import Server, _until_stopped; from instar.store import open_store; import uvloop; "
        f"server = Server(open_store({store.location!r}), port=0, loader='tests.serve.odd:never'); "
        "print('starting', flush=True); uvloop.run(_until_stopped(server, print))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"starting\n"
        time.sleep(0.5)
        process.terminate()
        assert process.wait(10) == 0
