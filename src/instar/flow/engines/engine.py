"""What an engine is: it runs the tasks of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from instar.base.tables import Table

A = TypeVar("A")
B = TypeVar("B")
Progress = Callable[[str, int, int], None]


class Engine(Protocol):
    """Runs independent tasks, one for each chunk."""

    def map(self, task: Callable[[A], B], items: Sequence[A], label: str) -> Iterator[B]:
        """The results in the order of ``items``, as they are asked for; only a few are made ahead of that.

        The first error ends the pass, and so does who asks for no more: tasks not begun are dropped.
        """


ENGINES: Table[Callable[[Progress], Engine]] = Table("engine", "instar.engines")
