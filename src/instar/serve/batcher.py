"""Continuous batching: what arrives while a batch runs is the next one.

When the host is idle a request goes at once; there is no timer. Only when the fitted call is long compared with a
millisecond, and the batch before was larger than what waits now, it pays to wait that millisecond for the others that
were answered together: else the first one back would start a batch of its own (a convoy).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Protocol

from instar.base.errors import InstarError
from instar.serve.errors import Busy, DeadlinePassed
from instar.serve.latency import LatencyModel

CONVOY_WAIT = 0.001  # seconds
LONG_CALL = 4 * CONVOY_WAIT
SWEEP = 0.025  # seconds between looks at deadlines while a batch runs


class Waiting(Protocol):
    """What stands in a queue. deadline, arrived : seconds of the loop's clock;  failed : called at most once an arm"""

    deadline: float
    arrived: float

    @property
    def done(self) -> bool:
        """Whether it was answered by other means, so that no model need be asked."""

    def failed(self, arm: int, error: InstarError) -> None: ...


class Batcher:
    """One queue a candidate, earliest deadline first; one batch in the host at a time."""

    def __init__(self, arms: int, objective: float, send: Callable[[int, Sequence[Waiting]], None], most: int) -> None:
        """objective : seconds within which a request should be answered;  most : rows that may wait, then Busy"""
        self.models = [LatencyModel(objective) for _ in range(arms)]
        self.waiting = 0
        self.released: Counter[str] = Counter()  # by reason: idle, next, full, waited
        self.batch_sizes: Counter[int] = Counter()  # by bit length of the size
        self.expired = 0
        self.wait_seconds = 0.0
        self._queues: list[list[tuple[float, int, Waiting]]] = [[] for _ in range(arms)]
        self._send = send
        self._most = most
        self._sequence = 0
        self._running: tuple[int, Sequence[Waiting]] | None = None
        self._due: asyncio.Handle | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def running(self) -> Sequence[Waiting]:
        return self._running[1] if self._running else ()

    def add(self, arm: int, item: Waiting) -> None:
        """Queue ``item`` for a candidate. Raises Busy when too many wait."""
        if self.waiting >= self._most:
            raise Busy(f"{self.waiting} rows wait already; try again, or send fewer at once")
        self._sequence += 1
        self.waiting += 1
        heappush(self._queues[arm], (item.deadline, self._sequence, item))
        if self._running is None and self._due is None:
            # at the end of this turn of the loop: what other connections sent in the same moment comes along
            self._due = self._loop.call_soon(self._release, "idle")

    def finished(self, seconds: float) -> tuple[int, Sequence[Waiting]]:
        """The host has computed the batch in it, which is returned; the next one leaves before that is answered."""
        assert self._running is not None
        arm, batch = self._running
        self.models[arm].saw(len(batch), seconds)
        self._running = None
        if self.models[arm].fixed > LONG_CALL and self.waiting < len(batch) > 1:
            self._due = self._loop.call_later(CONVOY_WAIT, self._release, "waited")
        elif self.waiting:
            self._release("next")
        return arm, batch

    def _release(self, reason: str) -> None:
        self._due = None
        now = self._loop.time()
        while self._running is None and (arm := self._next_arm()) is not None:
            cap = self.models[arm].cap
            batch = self._take(arm, cap, now)
            if not batch:
                continue
            self._running = arm, batch
            self.released["full" if len(batch) == cap else reason] += 1
            self.batch_sizes[len(batch).bit_length()] += 1
            if self._sweeping is None:
                self._sweeping = self._loop.call_later(SWEEP, self._sweep)
            self._send(arm, batch)

    def _next_arm(self) -> int | None:
        """The candidate whose first row has the earliest deadline."""
        heads = [(queue[0][0], arm) for arm, queue in enumerate(self._queues) if queue]
        return min(heads)[1] if heads else None

    def _take(self, arm: int, cap: int, now: float) -> list[Waiting]:
        """Up to ``cap`` rows; those that are too late are shed before they cost the model anything."""
        queue = self._queues[arm]
        batch: list[Waiting] = []
        while queue and len(batch) < cap:
            deadline, _, item = heappop(queue)
            self.waiting -= 1
            if item.done:
                continue
            if deadline < now:
                self._shed(arm, item, now)
            else:
                self.wait_seconds += now - item.arrived
                batch.append(item)
        return batch

    def _shed(self, arm: int, item: Waiting, now: float) -> None:
        self.expired += 1
        item.failed(arm, DeadlinePassed((now - item.arrived) * 1000))

    def _sweep(self) -> None:
        """While the host works nothing else looks at the clock: whoever's time is over is told so now."""
        self._sweeping = None
        if self._running is None:
            return
        now = self._loop.time()
        arm, batch = self._running
        for item in batch:
            if item.deadline < now and not item.done:
                self._shed(arm, item, now)
        for arm, queue in enumerate(self._queues):
            while queue and queue[0][0] < now:
                _, _, item = heappop(queue)
                self.waiting -= 1
                if not item.done:
                    self._shed(arm, item, now)
        self._sweeping = self._loop.call_later(SWEEP, self._sweep)

    def fail_all(self, error: InstarError) -> None:
        """The host is gone: everything that waits or runs is told."""
        items = [(self._running[0], item) for item in self._running[1]] if self._running else []
        items += [(arm, item) for arm, queue in enumerate(self._queues) for _, _, item in queue]
        for queue in self._queues:
            queue.clear()
        self.waiting = 0
        self._running = None
        for timer in (self._due, self._sweeping):
            if timer is not None:
                timer.cancel()
        self._due = self._sweeping = None
        for arm, item in items:
            if not item.done:
                item.failed(arm, error)
