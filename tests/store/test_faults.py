"""Faults with real processes: killed writers, many writers, a full disk, clocks that are wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.store.spawner import Spawner, ended, halves, lost, said, spawner

from instar.base.errors import InstarError
from instar.base.ids import event_id
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.keeping.gc import collect
from instar.store.records import File, Node, Record


@pytest.fixture(scope="module")
def writers() -> Iterator[Spawner]:
    with spawner() as running:
        yield running


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not what():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)


def kill_at_random(store: Store, writers: Spawner, folder: Path, times: int, look_every: int) -> None:
    dice = random.Random(times)
    for number in range(times):
        output = folder / f"{number}.txt"
        pid = writers.start(store.folder, output, name=f"w{number}")
        if number % 4:  # else also while the store is being opened
            wait_for(output.exists)
        time.sleep(dice.uniform(0, 0.12))
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: ended(pid))  # type: ignore[misc]
        assert not lost(store, said(output)), f"after kill {number}"
        if number % look_every == look_every - 1:
            assert not halves(store)
            assert check(store).problems == []


def test_nothing_acknowledged_is_lost_and_nothing_half_is_seen_when_writers_are_killed(
    store: Store, writers: Spawner, tmp_path: Path
) -> None:
    kill_at_random(store, writers, tmp_path, times=20, look_every=10)
    acknowledged = sum(len(said(path)) for path in tmp_path.glob("*.txt"))
    assert acknowledged > 20


@pytest.mark.soak
def test_a_thousand_kills(store: Store, writers: Spawner, tmp_path: Path) -> None:
    kill_at_random(store, writers, tmp_path, times=1000, look_every=50)


@pytest.mark.parametrize("count", [2, 8])
def test_many_processes_write_one_store(store: Store, writers: Spawner, tmp_path: Path, count: int) -> None:
    outputs = [tmp_path / f"{name}.txt" for name in range(count)]
    pids = [writers.start(store.folder, output, 10, output.stem) for output in outputs]
    wait_for(lambda: all(map(ended, pids)))
    for output in outputs:
        lines = said(output)
        assert len(lines) == 40, "each of them got all of its writes through"
        assert not lost(store, lines)
    assert store.nodes.since(limit=10_000).record.nodes.__len__() == count * 30
    assert check(store).problems == []


@pytest.mark.parametrize("shifts", [(3600.0, -3600.0), (-86_400.0, 0.0), (0.0, -3600.0)])
def test_clocks_that_are_wrong_break_nothing(
    store: Store, writers: Spawner, tmp_path: Path, shifts: tuple[float, float]
) -> None:
    outputs = [tmp_path / f"{number}.txt" for number, _ in enumerate(shifts)]
    for output, shift in zip(outputs, shifts):
        pid = writers.start(store.folder, output, 5, output.stem, shift)
        wait_for(lambda pid=pid: ended(pid))  # type: ignore[misc]
        assert not lost(store, said(output))
    assert not halves(store)
    assert check(store).problems == []
    ids = [id for line in said(outputs[0]) if line[0] == "labels" for id in line[1:]]
    from instar.store.records import Label

    store.labels.set([Label(id, "tag", "last") for id in ids])
    assert {store.labels.of([id])[id]["tag"].value for id in ids} == {"last"}, "what is written later counts"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        pytest.skip(f"no small file system can be made here: {error}")
    if mounted.returncode:
        pytest.skip(f"no small file system can be made here: {mounted.stderr.strip()}")
    yield folder
    open_store(folder / "store").close()
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_gives_a_clear_error_and_leaves_a_clean_store(small_disk: Path) -> None:
    store = open_store(small_disk / "store")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    kept = []

    def fill(size: int) -> None:
        for number in range(10_000):
            data = os.urandom(size)
            digest, node = store.blobs.put(data), Node(event_id(), "run", doc={"text": "x" * 2000})
            store.nodes.put([Record((node,), files=(File(node.id, "a", digest, len(data)),))])
            kept.append((node.id, digest))
            assert number < 9_000, "the disk is never full"

    for size in (300_000, 100):  # first a blob finds no place, then the database
        with pytest.raises(InstarError, match=r"(disk|space).*Free space") as error:
            fill(size)
        assert str(store.folder) in str(error.value)
    assert kept
    ballast.unlink()
    assert store.nodes.has([id for id, _ in kept]) == {id for id, _ in kept}
    findings = check(store)
    assert findings.problems == []
    assert not list((store.folder / "blobs" / "tmp").glob("*")), "nothing half takes up the space"
    fresh = len(kept)
    for _ in range(3):
        data = os.urandom(1000)
        node = Node(event_id(), "run")
        store.nodes.put([Record((node,), files=(File(node.id, "a", store.blobs.put(data), 1000),))])
        fresh += 1
    collect(store, grace=0.0)
    assert check(store).clean
    assert len(store.nodes.since(limit=100_000).record.nodes) == fresh


_STRUCK = """
import os, signal, sys, threading, time
from instar.base.ids import event_id
from instar.store import open_store
from instar.store.records import Node, Record
from instar.store.sql.database import Interrupted

store, over = open_store(sys.argv[1]), threading.Event()

def put():
    id = event_id()
    store.nodes.put([Record((Node(id, "run"),))])
    print(id, flush=True)

def beside():
    while not over.is_set():
        try:
            put()
        except Interrupted:
            pass

def strike():
    for _ in range(int(sys.argv[2])):
        time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

threads = [threading.Thread(target=beside) for _ in range(3)]
striker = threading.Thread(target=strike)
for thread in (*threads, striker):
    thread.start()
while striker.is_alive():
    try:
        while striker.is_alive():
            put()
    except KeyboardInterrupt:
        pass
over.set()
for thread in threads:
    thread.join()
"""


def test_two_hundred_times_ctrl_c_neither_lock_the_store_nor_lose_anything(store: Store) -> None:
    command = [sys.executable, "-c", _STRUCK, str(store.folder), "200"]
    struck = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert struck.returncode == 0, struck.stderr
    ids = [line for line in struck.stdout.splitlines() if len(line) == 32]
    assert len(ids) > 50
    assert store.nodes.has(ids) == set(ids)
    assert check(store).clean
