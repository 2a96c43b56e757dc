"""A process that has everything imported and starts writers by forking: many can be killed in little time.

It reads a line of JSON for each writer (``store``, ``name``, ``rounds``, ``shift`` of its clock in seconds), starts one,
and prints its number as a process. A writer prints a line for each thing that the store has acknowledged.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from instar.base.digests import digest_bytes
from instar.base.ids import event_id
from instar.store import Store, open_store
from instar.store.records import Edge, File, Label, Metric, Node, Param, Record


class Spawner:
    """The process, seen from a test."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.store.spawner"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, store: Path, output: Path, rounds: int = 1_000_000, name: str = "w", shift: float = 0.0) -> int:
        """Start a writer that prints into ``output``; its number as a process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"store": str(store), "output": str(output), "name": name, "rounds": rounds, "shift": shift}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


@contextmanager
def spawner() -> Iterator[Spawner]:
    running = Spawner()
    try:
        yield running
    finally:
        running.close()


def ended(pid: int) -> bool:
    """Whether a writer is no more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def write(store: Store, name: str, rounds: int) -> None:
    """Rounds of all kinds of writes; each is said when the store has acknowledged it."""
    before: list[str] = []
    for number in range(rounds):
        data = f"{name} {os.getpid()} {number} ".encode() * 50
        digest = store.blobs.put(data)
        say("blob", digest)
        ids = [event_id() for _ in range(3)]
        nodes = tuple(Node(id, "run", "", "p", f"{name}-{number}") for id in ids)
        edges = tuple(Edge(later, "informed", earlier, "in") for later, earlier in zip(ids[1:], ids))
        edges += tuple(Edge(ids[0], "informed", id, "before") for id in before[-1:])
        files = (File(ids[2], "data", digest, len(data)),)
        store.nodes.put([Record(nodes, edges, params=(Param(ids[0], "lr", "0.1", 0.1),), files=files)])
        before = ids
        say("nodes", *ids)
        store.labels.set([Label(ids[0], "tag", "a"), Label(ids[1], "tag", "b")])
        say("labels", *ids[:2])
        store.metrics.append([Metric(ids[0], "loss", step, step, 0.5) for step in range(3)])
        say("metrics", ids[0])


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def said(output: Path) -> list[list[str]]:
    """What a writer acknowledged, whole lines only."""
    text = output.read_text() if output.exists() else ""
    return [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]


def lost(store: Store, lines: list[list[str]]) -> list[str]:
    """What was acknowledged and is not there."""
    wanted = {what: [each for line in lines if line[0] == what for each in line[1:]] for what in ("blob", "nodes")}
    missing = sorted(set(wanted["blob"]) - store.blobs.has(wanted["blob"]))
    missing += sorted(set(wanted["nodes"]) - store.nodes.has(wanted["nodes"]))
    labelled = [each for line in lines if line[0] == "labels" for each in line[1:]]
    labels = store.labels.of(labelled)
    missing += [f"label of {id}" for id in labelled if "tag" not in labels.get(id, {})]
    measured = [each for line in lines if line[0] == "metrics" for each in line[1:]]
    missing += [f"metrics of {id}" for id in measured if len(store.metrics.history(id, "loss")) != 3]
    return missing


def halves(store: Store) -> list[str]:
    """What is visible of something that should be whole or absent."""
    found, cursor, more = list[str](), "", True
    nodes: list[Node] = []
    files: dict[str, str] = {}
    while more:
        page = store.nodes.since(cursor)
        nodes += page.record.nodes
        files |= {file.node: file.digest for file in page.record.files}
        cursor, more = page.cursor, page.more
    runs = [node.id for node in nodes]
    if len(runs) % 3:
        found.append(f"{len(runs)} nodes, which were written three at a time")
    found += [f"file of {id}" for id in runs[2::3] if id not in files]
    found += [f"parameter of {id}" for id in set(runs[::3]) - {each.run for each in store.nodes.params(runs[::3])}]
    labels = store.labels.of(runs)
    found += [
        f"one of two labels of {a}" for a, b in zip(runs[::3], runs[1::3]) if bool(labels.get(a)) != bool(labels.get(b))
    ]
    found += [f"some points of {id}" for id in runs[::3] if len(store.metrics.history(id, "loss")) not in (0, 3)]
    return found


def child(order: dict[str, Any]) -> None:
    descriptor = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    real, shift = time.time_ns, int(order["shift"] * 1e9)
    time.time_ns = lambda: real() + shift
    write(open_store(order["store"]), order["name"], order["rounds"])


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    digest_bytes(b"")
    import instar.store.embedded  # noqa: F401 - before any fork

    for line in sys.stdin:
        order = json.loads(line)
        if (pid := os.fork()) == 0:
            try:
                child(order)
            finally:
                os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
