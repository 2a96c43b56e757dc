"""What shows itself: on a terminal, in a notebook, and as a page of its own."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType, RenderResult

WIDTH = 120


class Shown:
    """A subclass says its tables and its page; the rest follows."""

    __slots__ = ()

    @abstractmethod
    def to_html(self) -> str:
        """One page with charts, complete in itself: it needs no script and no other file."""

    @abstractmethod
    def _tables(self) -> Iterator[RenderableType]:
        """What a terminal shows."""

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, which should end with ``.html``."""
        path = Path(path)
        path.write_text(self.to_html(), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        """As a notebook shows it: in a frame of its own, since a page brings its own style."""
        from instar.data.charts.page import framed

        return framed(self.to_html())

    def __rich_console__(self, console: Console, options: Any) -> RenderResult:
        yield from self._tables()

    def __str__(self) -> str:
        """The same tables as plain text."""
        from rich.console import Console

        buffer = io.StringIO()
        console = Console(file=buffer, width=WIDTH, color_system=None, force_terminal=False)
        console.print(*self._tables(), sep="\n")
        return buffer.getvalue()
