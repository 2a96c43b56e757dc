"""Whatever was done in which store, and in whatever order the stores were synced: in the end all hold the same."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.states import state

from instar.base import clock
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.keeping.erasure import erase
from instar.store.keeping.invalidation import AGAINST, invalidate, lift
from instar.store.records import Edge, Feature, File, Label, Metric, Node, Param, Record
from instar.store.sync import push

MINUTE = 60 * clock.SECOND
START = clock.now()
VALUES = (math.nan, 1.0, -2.5, 0.0, -0.0, math.inf)
PROJECTS = ("p", "q")


class World:
    """Some stores, and what may be done in each. Things have numbers, so that two stores do the same thing."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self.stores = stores
        self.runs = [event_id() for _ in range(4)]

    def put_run(self, store: Store, a: int, b: int) -> None:
        """The same run, known earlier or later, to different authors; with what came of it in this store."""
        id = self.runs[a % 4]
        node = Node(id, "run", "", PROJECTS[a % 2], "run", START + b % 3, ("ana", "eva")[b % 2], {"number": a % 4})
        store.nodes.put(
            [Record((node,), params=(Param(id, f"p{b}", str(b), float(b)),), features=(Feature(id, f"f{b}", "int64"),))]
        )

    def put_file(self, store: Store, a: int, b: int) -> None:
        """Content, and an import that used it."""
        data = f"rows of {a % 3}".encode()
        digest = store.blobs.put(data)
        content = Node(content_id("file", digest), "file", digest)
        maker = Node(event_id(), "activity", "", PROJECTS[b % 2], "import", START + b, "ana")
        files = (File(content.id, "data.csv", digest, len(data)),)
        store.nodes.put([Record((content, maker), (Edge(maker.id, "used", content.id, "x.csv"),), files=files)])

    def link(self, store: Store, a: int, b: int) -> None:
        """Later from earlier, if both are known here."""
        if a % 4 < b % 4 and len(store.nodes.has([self.runs[a % 4], self.runs[b % 4]])) == 2:
            store.nodes.put([Record(edges=(Edge(self.runs[b % 4], "informed", self.runs[a % 4], str(a)),))])

    def publish(self, store: Store, a: int, b: int) -> None:
        named = Node(named_id("p", "model", "rating"), "model", "", "p", "rating", START + a, "ana")
        id = version_id("p", "model", "rating", str(b))
        made = Node(id, "model_version", str(b), "p", "rating", START + a, "eva")
        store.nodes.put([Record((named, made), (Edge(id, "specialization", named.id),))])

    def label(self, store: Store, a: int, b: int) -> None:
        """By a clock that may be slow, or almost an hour ahead."""
        if store.nodes.has([self.runs[a % 4]]):
            store.labels.set([Label(self.runs[a % 4], "stage", str(b), at=clock.now() + (b - 5) * 10 * MINUTE)])

    def measure(self, store: Store, a: int, b: int) -> None:
        if store.nodes.has([self.runs[a % 4]]):
            store.metrics.append([Metric(self.runs[a % 4], "loss", b % 4, 0, VALUES[(a + b) % len(VALUES)])])

    def erase(self, store: Store, a: int, b: int) -> None:
        id = content_id("file", _digest(a % 3))
        if store.nodes.has([id]):
            erase(store, id, "asked to", project=PROJECTS[b % 2], everywhere=b > 7)

    def decide(self, store: Store, a: int, b: int) -> None:
        """Something is wrong; or what was found wrong was not."""
        if store.nodes.has([self.runs[a % 4]]):
            event = invalidate(store, self.runs[a % 4], "wrong")
            if b % 2:
                assert event.kind in AGAINST
                lift(store, event.id, "right")

    def sync(self, store: Store, a: int, b: int) -> None:
        target = self.stores[a % len(self.stores)]
        if target is not store:
            push(store, target)

    @property
    def actions(self) -> list[Callable[[Store, int, int], None]]:
        return [
            self.put_run,
            self.put_file,
            self.link,
            self.publish,
            self.label,
            self.measure,
            self.erase,
            self.decide,
            self.sync,
            self.sync,
        ]

    def settle(self) -> None:
        """Sync in all directions until nothing is missing anywhere."""
        for _ in range(6):
            if all([push(*pair).empty for pair in permutations(self.stores, 2)]):
                return
        raise AssertionError("the stores never agree")


def _digest(number: int) -> str:
    from instar.base.digests import digest_bytes

    return digest_bytes(f"rows of {number}".encode())


_STEP = st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 9), st.integers(0, 9))


def run_history(folder: Path, count: int, steps: list[tuple[int, int, int, int]]) -> None:
    with ExitStack() as opened:
        stores = [opened.enter_context(open_store(folder / str(number))) for number in range(count)]
        world = World(stores)
        for action, where, a, b in steps:
            world.actions[action](stores[where % count], a, b)
        world.settle()
        first, *others = [state(store) for store in stores]
        for other in others:
            assert {name: first[name] for name in first} == {name: other[name] for name in first}
        assert check(stores[-1]).clean


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(2, 3), steps=st.lists(_STEP, min_size=8, max_size=30))
def test_any_interleaving_of_operations_synced_in_any_order_ends_in_the_same_state(
    count: int, steps: list[tuple[int, int, int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_history(Path(folder), count, steps)


@pytest.mark.soak
@settings(max_examples=500, deadline=None)
@given(count=st.integers(2, 3), steps=st.lists(_STEP, min_size=8, max_size=60))
def test_any_long_interleaving_of_operations_ends_in_the_same_state(
    count: int, steps: list[tuple[int, int, int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_history(Path(folder), count, steps)
