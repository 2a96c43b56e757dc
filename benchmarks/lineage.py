"""Lineage in a large store: 1 million nodes and 2 million edges in SQLite.

A project is 2,000 nodes: a file, then steps that each read what one or two earlier steps made, and make content; models
along the way, and two deployments at the end, one of them live. 0.05 % of the edges cross to what an earlier project
made at its beginning (data that several share).

(a) The graph loads through ``nodes.put`` in batches of ten projects, each durable when the call returns.
(b) ``why`` of random nodes: the whole graph of nodes and edges they came from.
(c) ``impact`` of random source files: the live deployments that depend on them.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Sample, percentile, print_machine, print_table, verdict

from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store, open_store
from instar.store.provenance.lineage import live_deployments, why
from instar.store.records import Edge, Label, Node, Record, Relation

PROJECT = 2_000  # nodes
BATCH = 10  # projects in one put
NEAR = 200  # a step reads one of the last 3 steps, and every second one also one of so many
MODELS = 10  # a model version every so many steps
ASKED = 400


@dataclass
class Project:
    """The nodes and edges of one project, and what others may refer to.

    steps : (activity, content) in the order they were made
    """

    name: str
    draw: random.Random
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def fill(self, size: int, elsewhere: tuple[str, str] | None) -> None:
        """Add about ``size`` nodes. elsewhere : a step of another project, which one step here reads too"""
        model, deployment = (self._add(named_id(self.name, kind, "m"), kind) for kind in ("model", "deployment"))
        self._step("file", "import", [])
        crossing = self.draw.randrange(size // 2 - 20)
        while len(self.nodes) < size - 10:
            inputs = [self.draw.choice(self.steps[-back:]) for back in self.draw.choice(((3,), (3, NEAR)))]
            if elsewhere and len(self.steps) == crossing:
                inputs.append(elsewhere)
            trains = len(self.steps) % (size // 2 // MODELS) == size // 2 // MODELS - 1
            made = self._step("model_version" if trains else "chunk", "train" if trains else "apply", inputs)
            if trains:
                self._link(made, "specialization", model)
        for _ in range(2):
            version = self._step("deployment_version", "deploy", [self.steps[-1], self.steps[-2]])
            self._link(version, "specialization", deployment)
        self.labels.append(Label(deployment, "live", version))

    def _step(self, kind: str, verb: str, inputs: list[tuple[str, str]]) -> str:
        digest = f"{self.draw.getrandbits(256):064x}"
        activity = self._add(event_id(), "activity", verb)
        named = kind.endswith("version")
        made = version_id(self.name, kind, "m", digest) if named else content_id(kind, digest)
        self._add(made, kind, "m" if named else "", digest)
        self._link(made, "generated", activity)
        for maker, content in inputs:
            self._link(activity, "used", content, "table")
            self._link(activity, "informed", maker)
        self.steps.append((activity, made))
        return made

    def _add(self, id: str, kind: str, name: str = "m", digest: str = "") -> str:
        by = {"project": self.name, "created_at": 1_790_000_000_000_000, "created_by": "ana"} if name else {}
        self.nodes.append(Node(id, kind, digest, name=name, doc={"step": name} if name else {}, **by))  # type: ignore[arg-type]
        return id

    def _link(self, src: str, rel: Relation, dst: str, role: str = "") -> None:
        self.edges.append(Edge(src, rel, dst, role))


def projects(nodes: int, seed: int) -> Iterator[Project]:
    draw = random.Random(seed)
    known: list[tuple[str, str]] = []
    for number in range(max(1, nodes // PROJECT)):
        project = Project(f"project-{number}", draw)
        project.fill(min(nodes, PROJECT), draw.choice(known) if known else None)
        known += draw.sample(project.steps[:100], 5)
        yield project


def load(store: Store, nodes: int, seed: int) -> tuple[float, list[str], list[str], int, int]:
    """Seconds in ``nodes.put``, some nodes and the source files to ask about, how many nodes and edges there are."""
    taken, some, files, total, edges = 0.0, list[str](), list[str](), 0, 0
    batch: list[Project] = []

    def put() -> None:
        nonlocal taken
        records = [Record(tuple(project.nodes), tuple(project.edges)) for project in batch]
        start = time.perf_counter()
        store.nodes.put(records)
        taken += time.perf_counter() - start
        store.labels.set([label for project in batch for label in project.labels])
        batch.clear()

    for project in projects(nodes, seed):
        some += [made for _, made in project.draw.sample(project.steps, 4)]
        files.append(project.steps[0][1])
        total, edges = total + len(project.nodes), edges + len(project.edges)
        batch.append(project)
        if len(batch) == BATCH:
            put()
    if batch:
        put()
    return taken, some, files, total, edges


def ask(store: Store, some: list[str], files: list[str]) -> tuple[dict[str, Sample], dict[str, Sample]]:
    """Milliseconds of each question, and the sizes of the answers."""
    taken: dict[str, list[float]] = {"why": [], "impact": []}
    sizes: dict[str, list[float]] = {"why: nodes": [], "why: edges": [], "impact: live deployments": []}
    for id in some:
        start = time.perf_counter()
        graph = why(store, id)
        taken["why"].append((time.perf_counter() - start) * 1000)
        sizes["why: nodes"].append(len(graph.nodes))
        sizes["why: edges"].append(len(graph.edges))
    for id in files:
        start = time.perf_counter()
        live = live_deployments(store, id)
        taken["impact"].append((time.perf_counter() - start) * 1000)
        sizes["impact: live deployments"].append(len(live))
    return tuple({name: Sample(tuple(values)) for name, values in each.items()} for each in (taken, sizes))  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    print_machine()
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store", create=True) as store:
        loading, some, files, nodes, edges = load(store, asked.nodes, asked.seed)
        size = sum(path.stat().st_size for path in store.folder.glob("store.db*"))
        print(f"{nodes:,} nodes, {edges:,} edges, {size / 1e6:,.0f} MB; put {nodes / loading:,.0f} nodes/s")
        draw = random.Random(asked.seed)
        ask(store, some[:20], files[:20])  # warm
        gc.collect()
        taken, sizes = ask(store, draw.sample(some, min(ASKED, len(some))), draw.sample(files, min(ASKED, len(files))))
    print_table("questions", taken, "ms")
    print_table("answers", sizes)
    print()
    verdict("loading, s", loading, at_most=30)
    for name, most in (("why", 10), ("impact", 50)):
        print(f"{name} p50, ms: {percentile(taken[name].values, 0.5):.2f}")
        verdict(f"{name} p95, ms", percentile(taken[name].values, 0.95), at_most=most)


if __name__ == "__main__":
    main()
