"""Push between two embedded stores, and what it costs when there is nothing new.

(a) nodes: runs with a parameter, a label, 10 points of a metric and an edge each; nodes a second, all of it durable.
(b) blobs: files of 8 MB; MB a second, beside copying the same files and syncing them (the disk's own speed).
(c) a push with nothing new, after that.
(d) a push that was interrupted in the middle: the share of bytes that the second attempt sends again.

``python3 dev.py bench sync -- --nodes 10000 --megabytes 512``
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Sample, compare, print_machine, print_table, seconds, verdict

import instar
from instar.base.ids import content_id, event_id
from instar.store import Store
from instar.store.records import Edge, File, Label, Metric, Node, Param, Record
from instar.store.sync import Transfer, push

BLOB = 8_000_000  # bytes
AT_ONCE = 5_000
ROUNDS = 3


def add_runs(store: Store, count: int) -> None:
    before = ""
    for first in range(0, count, AT_ONCE):
        nodes = [Node(event_id(), "run", "", "p", "run", at, "ana", {"host": "here"}) for at in range(first, count)][
            :AT_ONCE
        ]
        ids = [node.id for node in nodes]
        edges = [Edge(id, "informed", last) for id, last in zip(ids, [before, *ids]) if last]
        store.nodes.put([Record(tuple(nodes), tuple(edges), (), tuple(Param(id, "lr", "0.1", 0.1) for id in ids))])
        store.labels.set([Label(id, "status", "finished") for id in ids])
        store.metrics.append([Metric(id, "loss", step, step, 1.0 / (step + 1)) for id in ids for step in range(10)])
        before = ids[-1]


def add_files(store: Store, megabytes: int) -> None:
    drawn = random.Random(3)
    for _ in range(max(1, megabytes * 1_000_000 // BLOB)):
        digest = store.blobs.put(drawn.randbytes(BLOB))
        node = Node(content_id("file", digest), "file", digest)
        store.nodes.put([Record((node,), files=(File(node.id, "data", digest, BLOB),))])


class Bench:
    """Two sources; a new target each time."""

    def __init__(self, folder: Path, nodes: int, megabytes: int) -> None:
        self._folder = folder
        self._made = 0
        self.nodes = nodes
        self.runs, self.files = instar.open_store(folder / "runs"), instar.open_store(folder / "files")
        add_runs(self.runs, nodes)
        add_files(self.files, megabytes)
        self.bytes = sum(file.size for file in self.files.nodes.since("", 1_000_000).record.files)

    def target(self) -> Store:
        self._made += 1
        return instar.open_store(self._folder / f"target-{self._made}")

    def nodes_a_second(self) -> float:
        with self.target() as target:
            rate = self.nodes / seconds(lambda: push(self.runs, target))
        self._forget(target)
        return rate

    def megabytes_a_second(self) -> float:
        with self.target() as target:
            rate = self.bytes / 1e6 / seconds(lambda: push(self.files, target))
        self._forget(target)
        return rate

    def copied_a_second(self) -> float:
        """What the disk gives: each file copied, then synced."""
        copy = self._folder / "copy"

        def copy_all() -> None:
            copy.mkdir()
            for path in sorted((self.files.folder / "blobs").glob("??/*")):
                shutil.copyfile(path, copy / path.name)
                descriptor = os.open(copy / path.name, os.O_RDONLY)
                os.fsync(descriptor)
                os.close(descriptor)

        rate = self.bytes / 1e6 / seconds(copy_all)
        shutil.rmtree(copy)
        return rate

    def milliseconds_for_nothing(self) -> Callable[[], float]:
        target = self.target()
        push(self.runs, target)
        return lambda: seconds(lambda: push(self.runs, target)) * 1000

    def sent_again(self) -> float:
        """Interrupted when half of the bytes were there: what went twice, as a share of all."""

        def interrupt(moved: Transfer) -> None:
            if moved.bytes >= self.bytes / 2:
                raise KeyboardInterrupt

        with self.target() as target:
            try:
                push(self.files, target, interrupt)
            except KeyboardInterrupt:
                there = sum(blob.size for blob in target.blobs.list())
            else:
                there = self.bytes
            rest = push(self.files, target).bytes
        self._forget(target)
        return (there + rest - self.bytes) / self.bytes

    def _forget(self, target: Store) -> None:
        shutil.rmtree(target.folder)


def measure(folder: Path, nodes: int, megabytes: int) -> tuple[dict[str, Sample], dict[str, Sample], Sample, float]:
    bench = Bench(folder, nodes, megabytes)
    of_nodes = compare({"instar push": bench.nodes_a_second}, rounds=ROUNDS)
    of_bytes = compare(
        {"instar push": bench.megabytes_a_second, "copy and fsync": bench.copied_a_second}, rounds=ROUNDS
    )
    nothing = compare({"instar push": bench.milliseconds_for_nothing()}, rounds=20)["instar push"]
    return of_nodes, of_bytes, nothing, bench.sent_again()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=512)
    given = parser.parse_args()
    print_machine()
    with tempfile.TemporaryDirectory() as folder:
        of_nodes, of_bytes, nothing, again = measure(Path(folder), given.nodes, given.megabytes)
    print_table(f"push of {given.nodes:,} runs, each with 10 points, a label, an edge", of_nodes, "nodes/s")
    print_table(f"push of {given.megabytes} MB in blobs of 8 MB", of_bytes, "MB/s")
    print_table("push with nothing new", {"instar push": nothing}, "ms")
    print()
    verdict("pushed nodes/s", of_nodes["instar push"].median, at_least=2_000)
    verdict("pushed MB/s", of_bytes["instar push"].median, at_least=50)
    verdict("push with nothing new, ms", nothing.median, at_most=20)
    verdict("share of bytes sent again after an interruption", again, at_most=0.01)


if __name__ == "__main__":
    main()
