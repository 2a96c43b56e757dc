"""The local engine: a pool of threads. Polars, hashing and compression release the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, as_completed, wait
from typing import TypeVar

from instar.flow.engines.engine import ENGINES, Progress

A = TypeVar("A")
B = TypeVar("B")


class LocalEngine:
    """As many workers as processors; memory is bounded by chunks times workers."""

    def __init__(self, progress: Progress, workers: int | None = None) -> None:
        self._progress = progress
        self._workers = workers or os.cpu_count() or 1

    def map(self, task: Callable[[A], B], items: Sequence[A], label: str) -> list[B]:
        if not items:
            return []
        with ThreadPoolExecutor(min(self._workers, len(items)), "instar-task") as pool:
            futures = [pool.submit(task, item) for item in items]
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    future.result()
                    self._progress(label, done, len(items))
            except BaseException:
                for future in futures:
                    future.cancel()
                wait(futures, return_when=FIRST_EXCEPTION)
                raise
            return [future.result() for future in futures]


ENGINES.add("local", LocalEngine)
