"""kill -9 of the server and of the model host, in the middle of a load."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time

import pytest
from tests.serve.running import ROW, Process, alive, logs_of, versions

from instar.base.errors import InstarError
from instar.data.datasets.dataset import dataset
from instar.serve.client import Client
from instar.serve.deployment import deploy
from instar.serve.errors import RemoteError
from instar.serve.lookup import lookup
from instar.serve.policies import Thompson
from instar.serve.seal import SEALED, STATUS, seal_dead
from instar.store import Store


class Load(threading.Thread):
    """Predicts and gives feedback until the server is gone; keeps what was acknowledged."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.predicted: list[str] = []
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        with self.client as client:
            while not self.stopped.is_set():
                try:
                    answer = client.predict("sign", ROW, {"region": "US"})
                    self.predicted.append(answer["id"])
                    client.feedback(answer["id"], value=True)
                    self.acknowledged.append(answer["id"])
                except RemoteError as error:
                    self.refused.append(error.status_code)
                except (OSError, http.client.HTTPException, InstarError):
                    return


def under_load(process: Process, each: int, threads: int = 4) -> list[Load]:
    """Clients at work, of which each has had some acknowledgements."""
    loads = [Load(process.client()) for _ in range(threads)]
    for load in loads:
        load.start()
    deadline = time.monotonic() + 20
    while any(len(load.acknowledged) < each for load in loads):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return loads


def gone(pid: int) -> bool:
    """Whether a process ends within 5 s."""
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_after_kill_9_in_mid_load_nothing_acknowledged_is_lost_no_id_repeats_and_the_host_is_gone(store: Store) -> None:
    deploy("sign", versions(store, 2), Thompson(by=["region"]), experimental=True, store=store)
    acknowledged: list[str] = []
    predicted: list[str] = []
    for _ in range(2):
        with Process(store) as process:
            loads = under_load(process, 50)
            host = process.host_pid()
            process.kill()
            for load in loads:
                load.join()
                acknowledged += load.acknowledged
                predicted += load.predicted
            assert gone(host)
    assert len(acknowledged) > 100
    assert len(set(predicted)) == len(predicted)
    with Process(store) as process, process.client() as client:
        known = client.deployment("sign")["feedback"]
        assert len(acknowledged) <= known <= len(predicted)  # the last ones may be on disk and not yet acknowledged
        found = client.prediction(acknowledged[0])
        assert (found["row"], found["feedback"][0]["reward"]) == (ROW, 1.0)
        assert client.feedback(acknowledged[-1], value=True)["counted"] is False
        assert client.predict("sign", ROW)["id"] not in predicted
        while len(logs_of(store)) > 1:
            time.sleep(0.05)
        assert process.stop() == 0
    given = dataset("sign.feedback", 1, store=store).to_polars()
    given = given.vstack(dataset("sign.feedback", 2, store=store).to_polars())
    assert set(acknowledged) <= set(given["prediction"])
    for id in (acknowledged[0], acknowledged[-1], acknowledged[len(acknowledged) // 2]):
        decision = lookup(id, store)
        assert (decision.row, decision.value, decision.feedback[0]["reward"]) == (ROW, True, 1.0)
        assert decision.dataset
    assert logs_of(store) == []


def test_a_prediction_lost_by_a_crash_is_refused_as_unknown_naming_the_window(store: Store) -> None:
    deploy("sign", versions(store), experimental=True, store=store)
    with Process(store) as process, process.client() as client:
        durable = client.predict("sign", ROW)["id"]
        time.sleep(0.2)
        process.process.send_signal(signal.SIGSTOP)  # nothing is written from here on
        process.kill()
    lost = f"{durable.rpartition('-')[0]}-1"
    with Process(store) as process, process.client() as client:
        assert client.feedback(durable, value=True)["counted"] is True
        with pytest.raises(RemoteError, match=r"404 UnknownPrediction.*durable: false.*within 100 ms"):
            client.feedback(lost, value=True)


def test_an_answer_that_says_durable_survives_kill_9_at_once(store: Store) -> None:
    deploy("sign", versions(store), durable=True, experimental=True, store=store)
    with Process(store) as process, process.client() as client:
        answers = [client.predict("sign", ROW) for _ in range(20)]
        process.kill()
    assert all(answer["durable"] for answer in answers)
    seal_dead(store)
    for answer in answers:
        assert lookup(answer["id"], store).row == ROW


def test_a_killed_model_host_is_restarted_and_what_was_in_it_gets_503(store: Store) -> None:
    deploy("sign", versions(store), experimental=True, store=store)
    with Process(store) as process, process.client() as client:
        loads = under_load(process, 10)
        first = process.host_pid()
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while not client.deployment("sign")["host"]["restarts"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.2)
        assert client.predict("sign", ROW)["value"] is True
        for load in loads:
            load.stopped.set()
        for load in loads:
            load.join()
        assert {status for load in loads for status in load.refused} == {503}
        assert process.host_pid() != first
        assert process.stop(signal.SIGINT) == 0


def test_a_stop_in_mid_load_answers_what_was_asked_and_seals_everything(store: Store) -> None:
    deploy("sign", versions(store), experimental=True, store=store)
    with Process(store) as process:
        loads = under_load(process, 20)
        assert process.stop(signal.SIGTERM) == 0
        for load in loads:
            load.join()
    predicted = [id for load in loads for id in load.predicted]
    assert logs_of(store) == []
    assert set(predicted) <= set(dataset("sign.predictions", store=store).to_polars()["id"])
    (segment,) = {id.split("-")[1] for id in predicted}
    assert store.labels.of([segment])[segment][STATUS].value == SEALED
