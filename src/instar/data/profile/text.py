"""A profile on a terminal, and as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from instar.data.profile.profiled import ColumnProfile, ProfileFigures

WIDEST_VALUE = 24
SHOWN = 5  # of what goes together; the page has all
STRONG = 0.5  # size from which a correlation is told


def tables(profile: ProfileFigures) -> Iterator[RenderableType]:
    """The columns, then the findings."""
    columns = Table(
        title=f"{profile.dataset}@{profile.version}: {profile.rows:,} rows", box=box.SIMPLE, title_justify="left"
    )
    columns.add_column("column", style="bold", overflow="fold")
    columns.add_column("type")
    columns.add_column("missing", justify="right")
    columns.add_column("distinct", justify="right")
    columns.add_column("histogram", no_wrap=True)
    columns.add_column("least … median … greatest / commonest", overflow="fold")
    for each in profile.columns:
        cells = (_type(each), missing(each), distinct(each), each.equal_width.drawn(), escape(_values(each)))
        columns.add_row(escape(each.name), *cells)
    yield columns
    yield from _together(profile)
    yield _findings(profile)


def _findings(profile: ProfileFigures) -> RenderableType:
    if not profile.findings:
        return "Nothing suspicious was found."
    table = Table(title=f"{len(profile.findings)} findings", box=box.SIMPLE, title_justify="left")
    table.add_column("finding", style="yellow", no_wrap=True)
    table.add_column("what was seen", overflow="fold", ratio=3)
    table.add_column("next step", overflow="fold", ratio=2)
    for finding in profile.findings:
        table.add_row(finding.kind, escape(finding.text), escape(finding.next_step))
    return table


def _together(profile: ProfileFigures) -> Iterator[RenderableType]:
    """The strongest correlations and the surest dependencies, a line each; and what was set apart."""
    pairs = [each for each in profile.correlations.strongest(SHOWN) if abs(each[2]) >= STRONG]
    lines = [f"  {one} and {two} are correlated: {value:+.2f}" for one, two, value in pairs]
    lines += [
        f"  {each.given} tells {each.goal} in {each.accuracy:.1%} of the rows (guessing: {each.commonest:.1%})"
        for each in profile.dependencies[:SHOWN]
    ]
    if lines:
        yield escape("\n".join(["What goes together", *lines, ""]))
    if profile.quarantine:
        apart = [f"  {rows:,} by the step {step!r}" for step, rows in profile.quarantine.items()]
        yield escape("\n".join(["Rows set apart when it was made", *apart, ""]))


def _type(column: ColumnProfile) -> str:
    return escape(f"{column.type}, {column.unit}" if column.unit else column.type)


def missing(column: ColumnProfile) -> str:
    """The share of rows without a value."""
    if not column.missing:
        return "-"
    share = column.missing / column.rows
    return "all" if column.missing == column.rows else f"{share:.1%}" if share >= 0.001 else f"{column.missing} rows"


def distinct(column: ColumnProfile) -> str:
    """How many different values; ``~`` before an estimate."""
    if column.distinct is None:
        return ""
    return f"{column.distinct:,}" if column.distinct_exact else f"~{column.distinct:,}"


def _values(column: ColumnProfile) -> str:
    if column.missing == column.rows:
        return ""
    if column.quantiles and column.type != "bool":
        return f"{short(column.low)} … {short(column.quantiles['0.5'])} … {short(column.high)}"
    if column.low is not None and column.type != "bool":
        return f"{short(column.low)} … {short(column.high)}"
    return ", ".join(f"{short(value or repr(value))} ({rows:,})" for value, rows in column.top[:3] if rows > 1)


def short(value: object) -> str:
    """A value in a few letters."""
    text = (
        f"{value:g}"
        if isinstance(value, float) and abs(value) < 1e6
        else f"{value:,.0f}"
        if isinstance(value, float)
        else str(value)
    )
    return text if len(text) <= WIDEST_VALUE else text[: WIDEST_VALUE - 1] + "…"
