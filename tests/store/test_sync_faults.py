"""Pushes that are killed, lose their connection or their disk, or run beside a gc: done again, the ends are equal."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services import PostgresServer, S3Server
from tests.store.states import state
from tests.web.running import WebProcess

from instar.base.errors import InstarError
from instar.base.ids import content_id, event_id
from instar.cli.shell import INTERRUPTED
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.records import Edge, File, Label, Metric, Node, Param, Record
from instar.store.sync import Transfer, pull, push

PUSH = """
import sys
import instar.store.sync.whole as whole
from instar.cli.main import cli
whole.PAGE = 7  # many pages, so that there is much to interrupt
print("begins", flush=True)
cli(["push", sys.argv[2], "--store", sys.argv[1]], prog_name="instar")
"""


def filled(store: Store, files: int = 60, size: int = 20_000) -> None:
    """Files of random bytes, each used by a run with parameters, labels and metrics."""
    maker = random.Random(7)
    before: Node | None = None
    for number in range(files):
        data = maker.randbytes(size)
        digest = store.blobs.put(data)
        content = Node(content_id("file", digest), "file", digest)
        run = Node(event_id(), "run", "", "p", f"run {number}", number, "ana")
        edges = [Edge(run.id, "used", content.id, "table")]
        edges += [Edge(run.id, "informed", before.id)] if before is not None else []
        files_of = (File(content.id, "data", digest, size),)
        store.nodes.put([Record((content, run), tuple(edges), (), (Param(run.id, "lr", "0.1"),), files_of)])
        store.metrics.append([Metric(run.id, "loss", step, step, 1.0 / (step + 1)) for step in range(20)])
        before = run
    ids = [node.id for node in store.nodes.since("", 1_000_000).record.nodes]
    store.labels.set([Label(id, "note", id) for id in ids])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("source") / "store") as store:
        filled(store)
        yield store


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "target") as store:
        yield store


def started(source: Store, target: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PUSH, source.location, target],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "INSTAR_AUTHOR": "ana"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def interrupted(process: subprocess.Popen[str], after: float, by: signal.Signals) -> int:
    """Its exit status, once the signal came or it was done before."""
    time.sleep(after)
    process.send_signal(by)
    process.communicate()
    return process.returncode


def test_a_push_that_is_killed_at_any_moment_is_completed_by_the_next(source: Store, target: Store) -> None:
    killed, moments = 0, random.Random(11)
    for _ in range(6):
        killed += interrupted(started(source, target.location), moments.uniform(0.02, 0.5), signal.SIGKILL) != 0
        assert check(target).clean, "nothing half is visible"
    assert killed
    push(source, target)
    assert state(target) == state(source)
    assert push(source, target).empty


def test_ctrl_c_ends_a_push_in_order_and_the_same_command_goes_on(source: Store, target: Store) -> None:
    status = interrupted(started(source, target.location), 0.15, signal.SIGINT)
    assert status in (INTERRUPTED, 0)
    assert check(target).clean
    push(source, target)
    assert state(target) == state(source)


def test_a_server_that_dies_in_the_middle_of_a_push_and_comes_back(
    source: Store, target: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instar.store.sync.whole.PAGE", 10)
    with WebProcess(target.location, tmp_path) as server:
        remote = open_store(server.url)

        def kill(moved: Transfer) -> None:
            if moved.nodes >= 30 and server.process.poll() is None:
                server.kill()

        with pytest.raises(InstarError, match=r"does not answer|try again"):
            push(source, remote, kill)
        remote.close()
    assert check(target).clean
    with WebProcess(target.location, tmp_path) as server, open_store(server.url) as remote:
        assert push(source, remote).nodes
        assert push(source, remote).empty
        assert state(target) == state(source)
        again = open_store(tmp_path / "again")
        pull(again, remote)
        assert state(again) == state(source)
        again.close()


def test_a_shared_store_whose_servers_fail_in_the_middle_of_a_push(
    source: Store,
    shared_store: Store,
    postgres_server: PostgresServer,
    postgres_url: str,
    s3_server: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("instar.store.sync.whole.PAGE", 10)
    cut = False

    def lose_connections(moved: Transfer) -> None:
        nonlocal cut
        if moved.nodes >= 30 and not cut:
            cut = True
            postgres_server.end_connections(postgres_url)
            s3_server.kill()

    with pytest.raises(InstarError):
        push(source, shared_store, lose_connections)
    s3_server.start()
    push(source, shared_store)
    odd = Metric(source.nodes.since().record.nodes[1].id, "odd", 0, 0, -0.0)
    source.metrics.append([odd])
    shared_store.metrics.append([odd])
    push(source, shared_store)
    assert state(shared_store) == state(source)
    assert push(source, shared_store).empty
    with open_store(tmp_path / "back") as back:
        pull(back, shared_store)
        assert state(back) == state(source)
        assert check(back).clean


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting needs root on Linux")
def test_a_full_disk_stops_a_push_with_a_clear_error_and_the_store_is_sound(source: Store, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with open_store(small / "store") as full:
            done = subprocess.run(
                [sys.executable, "-m", "instar", "push", full.location, "--store", source.location],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 1
            assert "disk" in done.stderr or "space" in done.stderr
            assert "Traceback" not in done.stderr
            assert check(full).clean
            subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
            push(source, full)
            assert state(full) == state(source)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_collection_beside_a_push_takes_nothing_that_is_about_to_be_referred_to(
    source: Store, target: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a gc that counted before the push would remove: all blobs that no node names yet."""
    monkeypatch.setattr("instar.store.sync.whole.PAGE", 10)
    done = threading.Event()
    before = int(time.time() * 1e6)

    def collect() -> None:
        while not done.is_set():
            named = {file.digest for file in target.nodes.since("", 1_000_000).record.files}
            target.blobs.collect([blob.digest for blob in target.blobs.list() if blob.digest not in named], before)

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        push(source, target)
    finally:
        done.set()
        collector.join()
    assert state(target) == state(source)
    assert check(target).clean
