"""Runs whose process dies, by real processes that really die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from instar.store import Store, open_store
from instar.store.find.query import parse
from instar.track import get_run, run, runs
from instar.track.presence import files

SCRIPT = """
import sys, time
from instar.store import open_store
from instar.track import run
with run("doomed", "films", store=open_store({store!r})) as one:
    one.log(lr=0.1)
    {then}
    print(one.id, flush=True)
    time.sleep(60)
"""


def started(store: Path, then: str = "pass") -> tuple[subprocess.Popen[str], str]:
    """A process that is inside a run, and the run's id."""
    script = SCRIPT.format(store=str(store), then=then)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_run_whose_process_lives_is_running(store: Store) -> None:
    process, id = started(store.folder, "one.flush()")
    try:
        assert get_run(id, store).status == "running"
    finally:
        kill(process)


def test_a_killed_run_is_failed_for_the_next_reader_and_keeps_what_was_flushed(store: Store) -> None:
    process, id = started(store.folder, "one.log_metrics(loss=0.5); one.flush()")
    kill(process)
    found = runs(store=store)[0]
    assert (found.id, found.status) == (id, "failed")
    assert "ended without closing the run" in found.error
    assert (found.params, found.metrics) == ({"lr": "0.1"}, {"loss": 0.5})
    assert [node.id for node in store.nodes.find(parse("run status:failed"))] == [id]


def test_a_run_killed_within_its_first_moments_is_known_too(store: Store) -> None:
    process, id = started(store.folder)
    kill(process)
    found = get_run(id, store)
    assert (found.name, found.experiment, found.status) == ("doomed", "films", "failed")


def test_starting_another_run_closes_those_left_behind(tmp_path: Path) -> None:
    process, id = started(tmp_path / "fresh", "one.flush()")
    kill(process)
    with open_store(tmp_path / "fresh") as store:
        with run("next", store=store):
            pass
        assert store.labels.of([id])[id]["status"].value == "failed"
        assert len(files(store.folder)) == 1, "only this process is left"


def test_a_script_that_ends_without_closing_its_run_fails_it(store: Store) -> None:
    script = f"""
from instar.store import open_store
from instar.track import run
one = run("open", store=open_store({str(store.folder)!r})).start()
one.log_metrics(loss=0.25)
print(one.id)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = get_run(done.stdout.strip(), store)
    assert (found.status, found.metrics) == ("failed", {"loss": 0.25})


def test_a_process_that_ends_in_order_leaves_no_file(store: Store) -> None:
    script = f"""
from instar.store import open_store
from instar.track import run
with run("fine", store=open_store({str(store.folder)!r})):
    pass
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert files(store.folder) == []


def test_a_child_that_outlives_its_parent_does_not_keep_the_run_alive(store: Store) -> None:
    script = f"""
import os, sys, time
from instar.store import open_store
from instar.track import run
one = run("parent", store=open_store({str(store.folder)!r})).start()
one.flush()
if (child := os.fork()) == 0:
    os.close(1)
    time.sleep(60)
print(one.id, child, flush=True)
os._exit(1)
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    id, child = done.stdout.split()
    try:
        assert get_run(id, store).status == "failed"
    finally:
        os.kill(int(child), signal.SIGKILL)
