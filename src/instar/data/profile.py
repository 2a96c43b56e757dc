"""A profile: what is in each column of a dataset version and what is suspicious, as values and as tables for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec
from rich import box
from rich.console import Console, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Table

from instar.data.findings import Finding

WIDEST_VALUE = 24


class ColumnProfile(msgspec.Struct, frozen=True):
    """One column.

    missing : rows without a value;  distinct : how many different values there are, with a standard error of 1.6 % unless
    ``distinct_exact``
    low, high, mean, deviation, quantiles (by share of the values at or below) : of numbers, and the ends of times as text
    top : the commonest values as text, with at least so many rows each
    infinite : rows whose number is infinite; low, high, mean, deviation and quantiles leave them out
    """

    name: str
    type: str
    unit: str
    rows: int
    missing: int
    distinct: int | None = None
    distinct_exact: bool = False
    low: float | int | str | None = None
    high: float | int | str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: dict[str, float] = {}
    top: tuple[tuple[str, int], ...] = ()
    infinite: int = 0


class Profile(msgspec.Struct, frozen=True):
    """What is in a dataset version, and what is suspicious about it. Printed by rich as tables; plain values otherwise."""

    dataset: str
    version: int
    rows: int
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]

    def __getitem__(self, column: str) -> ColumnProfile:
        return next(each for each in self.columns if each.name == column)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return dict(msgspec.to_builtins(self))

    def __rich_console__(self, console: Console, options: Any) -> RenderResult:
        yield from _tables(self)

    def __str__(self) -> str:
        return _as_text(self)


def _tables(profile: Profile) -> Iterator[RenderableType]:
    """The columns, then the findings."""
    columns = Table(
        title=f"{profile.dataset}@{profile.version}: {profile.rows:,} rows", box=box.SIMPLE, title_justify="left"
    )
    columns.add_column("column", style="bold", overflow="fold")
    columns.add_column("type")
    columns.add_column("missing", justify="right")
    columns.add_column("distinct", justify="right")
    columns.add_column("least … median … greatest / commonest", overflow="fold")
    for each in profile.columns:
        columns.add_row(escape(each.name), _type(each), _missing(each), _distinct(each), escape(_values(each)))
    yield columns
    yield _findings(profile)


def _as_text(profile: Profile, width: int = 120) -> str:
    """The same tables as plain text."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, force_terminal=False)
    console.print(*_tables(profile), sep="\n")
    return buffer.getvalue()


def _findings(profile: Profile) -> RenderableType:
    if not profile.findings:
        return "Nothing suspicious was found."
    table = Table(title=f"{len(profile.findings)} findings", box=box.SIMPLE, title_justify="left")
    table.add_column("finding", style="yellow", no_wrap=True)
    table.add_column("what was seen", overflow="fold", ratio=3)
    table.add_column("next step", overflow="fold", ratio=2)
    for finding in profile.findings:
        table.add_row(finding.kind, escape(finding.text), escape(finding.next_step))
    return table


def _type(column: ColumnProfile) -> str:
    return escape(f"{column.type}, {column.unit}" if column.unit else column.type)


def _missing(column: ColumnProfile) -> str:
    if not column.missing:
        return "-"
    share = column.missing / column.rows
    return "all" if column.missing == column.rows else f"{share:.1%}" if share >= 0.001 else f"{column.missing} rows"


def _distinct(column: ColumnProfile) -> str:
    if column.distinct is None:
        return ""
    return f"{column.distinct:,}" if column.distinct_exact else f"~{column.distinct:,}"


def _values(column: ColumnProfile) -> str:
    if column.missing == column.rows:
        return ""
    if column.quantiles and column.type != "bool":
        return f"{_short(column.low)} … {_short(column.quantiles['0.5'])} … {_short(column.high)}"
    if column.low is not None and column.type != "bool":
        return f"{_short(column.low)} … {_short(column.high)}"
    return ", ".join(f"{_short(value or repr(value))} ({rows:,})" for value, rows in column.top[:3] if rows > 1)


def _short(value: object) -> str:
    text = (
        f"{value:g}"
        if isinstance(value, float) and abs(value) < 1e6
        else f"{value:,.0f}"
        if isinstance(value, float)
        else str(value)
    )
    return text if len(text) <= WIDEST_VALUE else text[: WIDEST_VALUE - 1] + "…"
