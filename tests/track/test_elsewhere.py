"""Runs of another machine, or of another store on this one: whether they live is not for this one to say."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.track.test_death import kill, started

from instar.base import clock
from instar.base.ids import event_id
from instar.store import Store, open_store
from instar.store.records import Label, Node, Record
from instar.store.sync import pull
from instar.track import get_run, runs
from instar.track.sweep import sweep


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "other") as opened:
        yield opened


@pytest.fixture
def running(store: Store) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process, id = started(store.folder, "one.flush()")
    yield process, id
    if process.poll() is None:
        kill(process)


def test_a_pulled_run_that_still_runs_there_is_running_here_and_no_sweep_closes_it(
    store: Store, other: Store, running: tuple[subprocess.Popen[str], str]
) -> None:
    process, id = running
    pull(other, store)
    assert get_run(id, other).status == "running"
    assert sweep(other) == []
    assert [label.value for label in other.labels.history(id, "status")] == ["running"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert get_run(id, other).status == "running", "nobody here can know"
    assert get_run(id, store).status == "failed"
    pull(other, store)
    assert [(one.id, one.status) for one in runs(store=other)] == [(id, "failed")]


def test_a_run_of_another_host_is_what_its_label_says(store: Store) -> None:
    doc = {"host": "far-away", "pid": 7, "process": event_id(), "folder": str(store.folder)}
    node = Node(event_id(), "run", "", "default", "far", clock.now(), "eva", doc)
    store.nodes.put([Record((node,))])
    store.labels.set([Label(node.id, "status", "running")])
    assert get_run(node.id, store).status == "running"
