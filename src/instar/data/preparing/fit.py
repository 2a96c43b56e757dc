"""Fit a preparation over a table of any kind, chunk by chunk, with bounded memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import polars as pl

from instar.base.errors import BadInput
from instar.data.operators import AnyOperator, Operator
from instar.data.preparing.fitting import Fitting, Found, Wants, merged, summarise
from instar.data.preparing.preparation import Preparation
from instar.data.preparing.reading import ROWS, reading
from instar.data.preparing.target import AnyTarget
from instar.data.rows.batch import Batch

A = TypeVar("A")
B = TypeVar("B")


def fit(
    operators: AnyOperator | Sequence[AnyOperator],
    data: Any,
    target: AnyTarget | str | None = None,
    *,
    chunk_rows: int = ROWS,
    workers: int | None = None,
) -> Preparation:
    """Fit ``operators``, in order, on ``data``: read in chunks, once a pass, never held whole.

    data : a frame of any library, a list of frames, a function that gives an iterator of frames, a lazy Polars frame, a
    version of a dataset, or files (``"films/*.parquet"``); see ``reading``
    target : what is to be predicted, for operators that learn from it: a column's name, or an operator such as Above
    chunk_rows : rows of a chunk where the data has no chunks of its own;  workers : threads; None: as many as processors

    The result does not depend on the workers, since what the chunks give is merged in their order; between different
    chunkings it is the same within what each summary guarantees. Memory is bounded by chunks times workers; of files and
    lazy frames also by the batches that Polars reads ahead.

    >>> from instar import prep
    >>> films = {"Runtime": [90, None, 110]}
    >>> print(prep.fit([prep.Impute("Runtime"), prep.MinMax("Runtime")], films).explain())
    Runtime: a missing value becomes the mean, 100 (1 of 3 were missing)
    Runtime: 90 to 110 becomes 0 to 1
    """
    given = [operators] if isinstance(operators, Operator) else list(operators)
    threads = _threads(workers)
    table = reading(data, chunk_rows)
    fitting = Fitting(given, table.schema, target)
    while wants := fitting.wants():
        chunks = table.frames(fitting.columns)
        fitting.tell(merged(_summaries(fitting, wants, chunks, threads)))
    return fitting.preparation()


def applied(
    preparation: Preparation, data: Any, *, chunk_rows: int = ROWS, workers: int | None = None
) -> Iterator[Batch]:
    """``data``, of any kind that ``fit`` takes, prepared chunk by chunk, in order: only the columns that are needed.

    >>> from instar import prep
    >>> films = {"Runtime": [90, 100, 110]}
    >>> [batch.frame["Runtime"].to_list() for batch in applied(fit(prep.MinMax("Runtime"), films), films, chunk_rows=2)]
    [[0.0, 0.5], [1.0]]
    """
    table = reading(data, chunk_rows)
    yield from in_order(preparation.apply, table.frames(preparation.features), _threads(workers))


def _threads(workers: int | None) -> int:
    if workers is not None and workers < 1:
        raise BadInput(f"fit: workers={workers}; give at least one, or None for as many as there are processors")
    return workers or os.cpu_count() or 1


def _summaries(fitting: Fitting, wants: Wants, chunks: Iterable[pl.DataFrame], workers: int) -> Iterator[Found]:
    return in_order(lambda frame: summarise(fitting.prepare(frame), wants), chunks, workers)


def in_order(task: Callable[[A], B], items: Iterable[A], workers: int) -> Iterator[B]:
    """``map`` by threads: results in the order of the items, of which at most two a worker are held."""
    if workers == 1:
        yield from map(task, items)
        return
    with ThreadPoolExecutor(workers, "instar-fit") as pool:
        waiting: deque[Future[B]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(task, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
