"""Progress of long work: a bar in a terminal, a callback for whoever gives one, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from instar.flow.engines import Progress


@contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
    """The callback to report to: (what is done, tasks done, tasks in all)."""
    if progress is not None:
        yield progress
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield lambda label, done, of: None


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, int] = {}

        def report(label: str, done: int, of: int) -> None:
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=of)
            bar.update(tasks[label], completed=done, total=of)  # type: ignore[arg-type]  # rich calls its ids TaskID

        yield report
