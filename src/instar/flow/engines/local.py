"""The local engine: a pool of threads. Polars, hashing and compression release the interpreter's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from instar.flow.engines.engine import ENGINES, Progress

A = TypeVar("A")
B = TypeVar("B")
AHEAD = 2  # tasks a worker, begun or done, whose results wait to be taken


class LocalEngine:
    """As many workers as processors; memory is bounded by chunks times workers."""

    def __init__(self, progress: Progress, workers: int | None = None) -> None:
        self._progress = progress
        self._workers = workers or os.cpu_count() or 1

    def map(self, task: Callable[[A], B], items: Sequence[A], label: str) -> Iterator[B]:
        if not items:
            return
        workers = min(self._workers, len(items))
        rest, waiting = iter(items), deque[Future[B]]()
        with ThreadPoolExecutor(workers, "instar-task") as pool:
            try:
                for done in range(1, len(items) + 1):
                    ahead = islice(rest, AHEAD * workers - len(waiting))
                    waiting.extend(pool.submit(task, item) for item in ahead)
                    result = waiting.popleft().result()
                    self._progress(label, done, len(items))
                    yield result
            finally:
                for future in waiting:
                    future.cancel()


ENGINES.add("local", LocalEngine)
