"""How the tour speaks: headings, lines, tables and trees for people; figures gathered for ``--json``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from instar.cli.render import Table, Tree, draw

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Say:
    """Prints what a stage tells, unless JSON was asked for; ``figures`` holds it all by stage."""

    quiet: bool
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    _stage: str = ""

    @contextmanager
    def stage(self, name: str, title: str) -> Iterator[None]:
        """A stage with its number and, at its end, its time."""
        self._stage = name
        self.figures[name] = {}
        number = len(self.figures)
        self._print("", *self._heading(f"{number}  {name}: {title}"))
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self.figures[name]["seconds"] = round(seconds, 2)
        self._print(f"   ({seconds:.1f} s)")

    def tell(self, *parts: Table | Tree | str, **figures: Any) -> None:
        """Print the parts, and keep the figures under the stage."""
        self.figures[self._stage] |= figures
        self._print(*parts)

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        """A bar for long work, where somebody looks: call with (done, of)."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda done, of: None
            return
        from instar.flow.progress import shown

        with shown(None) as report:
            yield lambda done, of: report(label, done, of or done)

    def _heading(self, text: str) -> tuple[str, ...]:
        return (text, "─" * max(60, len(text)))

    def _print(self, *parts: Table | Tree | str) -> None:
        if not self.quiet:
            draw(*parts)
            sys.stdout.flush()


def bar(share: float, width: int = 30) -> str:
    """A share as a bar.

    >>> bar(0.5, 8)
    '████····'
    """
    full = round(share * width)
    return "█" * full + "·" * (width - full)


def short(id: str) -> str:
    return id[:8]
