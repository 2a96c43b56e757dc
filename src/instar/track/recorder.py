"""What runs of this process say, gathered and written in groups.

One recorder serves all runs of a process in one store. Logging appends to a list; a flush writes everything gathered so
far in three transactions: nodes, edges, parameters and files; then metrics; then labels. A background thread flushes
four times a second, whoever fills the buffer flushes it, and the end of a run does. Nothing gathered is given up when
a write fails: it goes back to the front, and the next flush raises where somebody can see it. Only what the store
refuses for what it says is dropped, and raised to the run that said it: the other runs are none the worse.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from instar.base import clock
from instar.base.errors import BadInput, Conflict, InstarError, NotFound
from instar.store.records import Label, Metric, Record
from instar.track.code import code
from instar.track.environment import environment
from instar.track.presence import Presence
from instar.track.sweep import sweep

if TYPE_CHECKING:
    from instar.store.store import Store

SECONDS_BETWEEN = 0.25
SECONDS_IDLE = 5.0
FULL = 20_000  # points of metrics gathered before their caller writes them: bounds memory and the last flush
FINAL = frozenset({"finished", "failed"})
T = TypeVar("T")


class Recorder:
    """Gathers and writes. Every method may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pid = os.getpid()
        sweep(store)
        self.presence = Presence(store.folder)
        self.origin = Record(nodes=(environment(),)) + code().record(store.blobs)
        store.nodes.put([self.origin])
        self._records: list[tuple[str, Record]] = []  # each with the run that says it
        self._labels: list[Label] = []
        self._points: list[Metric] = []
        self._refused: dict[str, InstarError] = {}  # by run: what it has yet to hear
        self._last_at = 0
        self._open: set[str] = set()
        self._gathering = threading.Lock()
        self._writing = threading.Lock()
        self._waking = threading.Lock()
        self._something = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, run: str, record: Record) -> None:
        self.presence.note(record)
        with self._gathering:
            self._open.add(run)
            self._records.append((run, record))
            self._labels.append(Label(run, "status", "running"))
        self._wake()

    def end(self, run: str, status: str, labels: list[Label]) -> None:
        """Durable on return, with everything else that was gathered. Raises what the store refused of this run."""
        with self._gathering:
            # A run that ended before it was first written never was seen running: one label less.
            self._labels = [label for label in self._labels if (label.subject, label.key) != (run, "status")]
            self._labels += [*labels, Label(run, "status", status)]
            self._open.discard(run)
        self.flush(run)

    def add(self, run: str, record: Record) -> None:
        with self._gathering:
            self._records.append((run, record))
        self._wake()

    def label(self, label: Label) -> None:
        with self._gathering:
            self._labels.append(label)
        self._wake()

    def measure(self, run: str, key: str, step: int, value: float) -> None:
        """One point of a metric. Its time is later than every one before, so that no two points are the same."""
        with self._gathering:
            self._last_at = at = max(clock.now(), self._last_at + 1)
            self._points.append(Metric(run, key, step, at, value))
            full = len(self._points) >= FULL
        if full:
            self.flush(run)
        elif not self._something.is_set():
            self._wake()

    def flush(self, run: str = "") -> None:
        """Everything gathered before the call is durable on return. Raises what the store refused of ``run``."""
        with self._writing:
            with self._gathering:
                records, points, labels = self._records, self._points, self._labels
                self._records, self._points, self._labels = [], [], []
                self._something.clear()
            try:
                self._write(
                    records, lambda some: self.store.nodes.put([record for _, record in some]), lambda one: one[0]
                )
                self._write(points, self.store.metrics.append, lambda point: point.run)
                self._write(labels, self.store.labels.set, lambda label: label.subject)
            finally:
                if records or points or labels:
                    with self._gathering:
                        self._records = records + self._records
                        self._points = points + self._points
                        self._labels = labels + self._labels
            if (refused := self._refused.pop(run, None)) is not None:
                raise refused

    def _write(self, items: list[T], write: Callable[[list[T]], object], run: Callable[[T], str]) -> None:
        """Write ``items`` and take away what is written, all at once when the store agrees.

        What it refuses is looked for by halves and dropped alone; its run hears of it. In order of gathering, always.
        """
        size = len(items)
        while items:
            some = items[:size]
            try:
                write(some)
            except (BadInput, Conflict, NotFound) as error:
                if error.status >= 500:  # the store is busy: not what was said is wrong
                    raise
                if len(some) > 1:
                    size = len(some) // 2
                    continue
                self._refused.setdefault(run(some[0]), error)
            del items[: len(some)]
            size *= 2

    def close(self) -> None:
        """The process ends: write what is left, and leave in order unless a run is still open."""
        self.flush()
        if self._open:
            self.presence.forget()  # the next reader finds them left behind, and says so
        else:
            self.presence.leave()
        for refused in self._refused.values():
            raise refused

    def _wake(self) -> None:
        with self._waking:
            self._something.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="instar-recorder", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        """Flush while there is something, end when idle.

        A failure ends the thread with its traceback; the next flush meets the same failure, and raises it.
        """
        pause = threading.Event()
        while True:
            if not self._something.wait(SECONDS_IDLE):
                with self._waking:
                    if not self._something.is_set():
                        self._thread = None
                        return
            pause.wait(SECONDS_BETWEEN)
            self.flush()


_recorders: dict[str, Recorder] = {}
_making = threading.Lock()


def recorder(store: Store) -> Recorder:
    """The recorder of this process for ``store``."""
    with _making:
        found = _recorders.get(store.location)
        if found is None or found.store is not store:
            found = _recorders[store.location] = Recorder(store)
        return found


@atexit.register
def _at_exit() -> None:
    for each in list(_recorders.values()):
        each.close()


def _after_fork_in_child() -> None:
    """The thread and whatever was gathered belong to the parent."""
    global _making
    _making = threading.Lock()
    _recorders.clear()


os.register_at_fork(after_in_child=_after_fork_in_child)
