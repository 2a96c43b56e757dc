"""Whether what is recorded agrees with itself: ids, ends of edges, order, numbers, labels and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from instar.base import clock
from instar.base.ids import content_id, named_id, version_id
from instar.store.find.query import CONTENT, NAMED
from instar.store.records import Node, Record
from instar.store.store import Store

DIGEST_SAYS_ALL = ("dataset_version", "deployment_version")  # a model's version also depends on what trained it
PAGE = 5000
SLACK = 60 * clock.SECOND  # steps of one run end in another order than they are dated; that is no wrong clock


class Recorded:
    """All nodes and edges, taken in page by page; then asked for what is wrong."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.edges = 0
        self._ends: set[str] = set()  # of edges, and what features, parameters and files belong to
        self._versions: set[str] = set()
        self._above: dict[str, list[str]] = {}
        self._informed: list[tuple[str, str]] = []
        self._used: list[tuple[str, str]] = []
        self._makers: dict[str, set[str]] = {}
        self._times: dict[str, int] = {}
        self._wrong: list[str] = []

    def add(self, record: Record) -> None:
        for node in record.nodes:
            self.kinds[node.id] = node.kind
            if node.created_at is not None and node.kind in ("activity", "run", "segment"):
                self._times[node.id] = node.created_at
            if expected_id(node) not in (None, node.id):
                source = f"its digest {node.digest}" if node.kind in CONTENT else "its project, name and digest"
                self._wrong.append(f"{node.kind} {node.id}: its id does not follow from {source}")
        for edge in record.edges:
            self.edges += 1
            self._ends.update((edge.src, edge.dst))
            if edge.rel == "used":  # it says nothing of order: a step may give content again that it read
                self._used.append((edge.src, edge.dst))
                continue
            self._above.setdefault(edge.src, []).append(edge.dst)
            if edge.rel == "generated":
                self._makers.setdefault(edge.src, set()).add(edge.dst)
            elif edge.rel == "informed":
                self._informed.append((edge.src, edge.dst))
            elif edge.rel == "specialization":
                self._versions.add(edge.src)
        self._ends.update(feature.node for feature in record.features)
        self._ends.update(file.node for file in record.files)
        self._ends.update(param.run for param in record.params)

    def problems(self) -> Iterator[str]:
        yield from self._wrong
        yield from (f"an edge or a detail refers to node {id}, which is not there" for id in sorted(self._unknown()))
        yield from _circles(self._above)
        yield from self._uninformed()

    def _unknown(self) -> set[str]:
        return self._ends - self.kinds.keys()

    def _uninformed(self) -> Iterator[str]:
        """Whoever used something that was made is informed by one who made it: ancestors are found along that."""
        by: dict[str, set[str]] = {}
        for user, maker in self._informed:
            by.setdefault(user, set()).add(maker)
        for user, thing in self._used:
            if (makers := self._makers.get(thing)) and makers.isdisjoint(by.get(user, ())):
                yield f"activity {user} used {thing} and is informed by none that made it: `instar why` would stop there"

    def warnings(self) -> Iterator[str]:
        """What a skewed clock leaves: the order of things is what edges say, so nothing is wrong."""
        for later, earlier in self._informed:
            at, before = self._times.get(later), self._times.get(earlier)
            if at is not None and before is not None and at + SLACK < before:
                yield (
                    f"activity {later} says it was at {clock.as_text(at)}, before {earlier} at {clock.as_text(before)}, "
                    "which it came after: a clock was wrong"
                )

    def beside(self, store: Store) -> Iterator[str]:
        """What stands beside the nodes: numbers of versions, labels, metrics."""
        numbers = store.nodes.numbers(sorted(self._versions)) if self._versions else {}
        yield from (f"version {id} has no number" for id in sorted(self._versions - numbers.keys()))
        for id in sorted(set(_subjects(store)) - self.kinds.keys()):
            yield f"a label is of node {id}, which is not there"
        for id in sorted(set(_measured(store)) - self.kinds.keys()):
            yield f"a metric is of run {id}, which is not there"


def expected_id(node: Node) -> str | None:
    """The id that follows from what the node says; None for what happened once, and for models' versions."""
    if node.kind in CONTENT:
        return content_id(node.kind, node.digest)
    if node.kind in NAMED:
        return named_id(node.project, node.kind, node.name)
    if node.kind in DIGEST_SAYS_ALL:
        return version_id(node.project, node.kind, node.name, node.digest)
    return None


def _circles(above: dict[str, list[str]]) -> Iterable[str]:
    """Nothing may come from itself: take away what has no ancestors left, again and again; nothing may remain."""
    waits = {id: len(set(targets)) for id, targets in above.items()}
    below: dict[str, set[str]] = {}
    for id, targets in above.items():
        for target in targets:
            below.setdefault(target, set()).add(id)
    free = [id for id in below if id not in waits]
    while free:
        for id in below.get(free.pop(), ()):
            waits[id] -= 1
            if not waits[id]:
                del waits[id]
                free.append(id)
    return [f"node {id} is its own ancestor, or came from one that is" for id in sorted(waits)]


def _subjects(store: Store) -> Iterator[str]:
    cursor, more = "", True
    while more:
        page = store.labels.since(cursor, PAGE)
        yield from (label.subject for label in page.labels)
        cursor, more = page.cursor, page.more


def _measured(store: Store) -> Iterator[str]:
    cursor, more = "", True
    while more:
        page = store.metrics.since(cursor, PAGE)
        yield from (series.run for series in page.series)
        cursor, more = page.cursor, page.more
