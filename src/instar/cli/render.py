"""What a command says to a person: tables and trees, with rich on a terminal and as plain text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree as RichTree


@dataclass(frozen=True)
class Table:
    """Rows of cells below named columns; numbers stand to the right. empty : what to say when there is no row"""

    columns: Sequence[str]
    rows: Iterable[Sequence[object]]
    title: str = ""
    empty: str = "nothing"


@dataclass
class Tree:
    """A line with others below it."""

    label: str
    below: list[Tree] = field(default_factory=list)


def draw(*parts: object) -> None:
    """Print the parts to standard output: tables, trees, texts, and whatever draws itself with rich or has a text."""
    if sys.stdout.isatty():
        from rich.console import Console  # costs 0.1 s: only where somebody looks

        console = Console(highlight=False)
        for part in parts:
            _draw_rich(console, part)
    else:
        for part in parts:
            print(plain(part))


def plain(part: object) -> str:
    """The part as text without colour or frame.

    >>> print(plain(Table(["name", "loss"], [["a", 0.25], ["baseline", 12]])))
    name      loss
    a         0.25
    baseline    12
    >>> print(plain(Tree("model", [Tree("train", [Tree("films")]), Tree("code")])))
    model
    ├─ train
    │  └─ films
    └─ code
    """
    if isinstance(part, Tree):
        return "\n".join(_lines(part))
    if not isinstance(part, Table):
        return str(part)
    rows = [[cell(value) for value in row] for row in part.rows]
    if not rows:
        return part.empty
    right = _right(part, rows)
    table = [list(part.columns), *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(part.columns))]
    lines = [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width) for text, width, to_right in zip(row, widths, right)
        ).rstrip()
        for row in table
    ]
    return "\n".join([part.title, *lines] if part.title else lines)


def cell(value: object) -> str:
    """A value as a cell: numbers with four digits, nothing as a dash, always on one line.

    >>> cell(0.123456), cell(None), cell(17472), cell(True)
    ('0.1235', '-', '17472', 'yes')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.4e}"
    return " ".join(str(value).split())


def counted(number: int, noun: str) -> str:
    """The number and its noun, which gets its ``s`` when it needs one.

    >>> counted(1, "chunk"), counted(17472, "row"), counted(2, "activity"), counted(3, "evidence")
    ('1 chunk', '17472 rows', '2 activities', '3 pieces of evidence')
    """
    if number == 1:
        return f"1 {noun}"
    if noun == "evidence":
        return f"{number} pieces of evidence"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ty") else f"{number} {noun}s"


def shortened(text: str, most: int = 200) -> str:
    """A text for a line of an answer: its beginning, and how much more there is.

    >>> shortened("a" * 1000, 10)
    'aaaaaaaaaa… (1000 letters)'
    """
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} letters)"


def _right(part: Table, rows: list[list[str]]) -> list[bool]:
    """A column is set to the right when all its cells are numbers."""
    return [all(_is_number(row[at]) for row in rows) for at in range(len(part.columns))]


def _is_number(text: str) -> bool:
    if text == "-":
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(root: Tree) -> list[str]:
    """Depth first and without recursion: a lineage may be a thousand steps long."""
    lines = []
    stack = [(root, "", "")]
    while stack:
        tree, first, rest = stack.pop()
        lines.append(first + tree.label)
        for twig in reversed(tree.below):
            last = twig is tree.below[-1]
            stack.append((twig, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")))
    return lines


def _draw_rich(console: Console, part: object) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    if isinstance(part, Tree):
        console.print(_rich_tree(part))
    elif not isinstance(part, Table):
        console.print(part if hasattr(part, "__rich__") or hasattr(part, "__rich_console__") else Text(str(part)))
    else:
        rows = [[cell(value) for value in row] for row in part.rows]
        if not rows:
            console.print(Text(part.empty, style="dim"))
            return
        table = RichTable(title=part.title or None, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold")
        for name, to_right in zip(part.columns, _right(part, rows)):
            table.add_column(name, justify="right" if to_right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(text) for text in row))
        console.print(table)


def _rich_tree(root: Tree) -> RichTree:
    from rich.text import Text
    from rich.tree import Tree as RichTree

    top = RichTree(Text(root.label))
    stack = [(root, top)]
    while stack:
        tree, drawn = stack.pop()
        stack += [(twig, drawn.add(Text(twig.label))) for twig in tree.below]
    return top
