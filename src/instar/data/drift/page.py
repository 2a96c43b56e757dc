"""How a table has drifted, on a terminal and as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rich import box
from rich.console import RenderableType
from rich.markup import escape as literal
from rich.table import Table

from instar.data import charts
from instar.data.charts.page import figure, heading, page, section, table
from instar.data.drift.drifted import ColumnDrift, DriftFigures

HEAD = ("column", "", "PSI", "KS", "JS", "missing before", "after")
MOST_DRAWN = 40
TOLD = (
    "PSI is the population stability index, sum of (q - p) ln(q / p) over the equal-depth bins of the first table (10), or "
    "its 20 commonest values and all others: steady below 0.1, and "
    "below what so few rows reach by chance; moved strongly from 0.25 on. KS is the Kolmogorov-Smirnov "
    "statistic, the greatest difference of the shares at or below any value. JS is the Jensen-Shannon distance, 0 to 1. "
    "Shares are off by at most 0.2 % of the rows. Missing values are in no bin."
)


def tables(drift: DriftFigures) -> Iterator[RenderableType]:
    """The columns, the furthest moved first, then what matters in words."""
    found = Table(
        title=f"{drift.before} ({drift.rows_before:,} rows) and {drift.after} ({drift.rows_after:,} rows)",
        box=box.SIMPLE,
        title_justify="left",
    )
    for name in HEAD:
        found.add_column(name, justify="left" if name in HEAD[:2] else "right", overflow="fold")
    for each in drift.columns:
        name, *cells = _cells(each)
        found.add_row(literal(name), *cells)
    yield found
    yield literal("\n".join(drift.findings) or "Nothing moved.")


def page_of(drift: DriftFigures) -> str:
    """The page: what moved in words, the measures, and the columns that moved with their charts."""
    moved = [each for each in drift.columns if each.moved != "steady"]
    facts = [
        (f"{drift.rows_before:,}", f"rows in {drift.before}"),
        (f"{drift.rows_after:,}", f"rows in {drift.after}"),
        (f"{len(moved)} of {len(drift.columns)}", "columns moved"),
    ]
    told = "".join(f"<p>{escape(line)}</p>" for line in drift.findings) or "<p>Nothing moved.</p>"
    rows = ([escape(cell) for cell in _cells(each)] for each in drift.columns)
    drawn = [f"<div class=card>{figure(_chart(drift, each))}</div>" for each in moved[:MOST_DRAWN] if each.bins]
    limit = f" Charts are drawn of the {MOST_DRAWN} columns that moved furthest." if len(moved) > MOST_DRAWN else ""
    return page(
        f"{drift.before} and {drift.after}",
        heading(f"{drift.before} and {drift.after}", "drift between two tables, by Instar", facts),
        section("What moved", told),
        section("Columns", table(HEAD, rows, right=range(2, len(HEAD)), kind=1)),
        section("Distributions of the columns that moved", *drawn),
        section("How this was counted", f"<p class=soft>{escape(TOLD + limit)}</p>"),
    )


def _cells(each: ColumnDrift) -> tuple[str, ...]:
    ks = "" if each.ks is None else f"{each.ks:.3f}"
    moved = each.moved.replace("steady", "")
    gaps = (f"{share:.1%}" if share else "-" for share in (each.missing_before, each.missing_after))
    return (each.name, moved, f"{each.psi:.3f}", ks, f"{each.js:.3f}", *gaps)


def _chart(drift: DriftFigures, each: ColumnDrift) -> charts.Chart:
    before, after = sum(bin.before for bin in each.bins), sum(bin.after for bin in each.bins)
    shares = {
        drift.before: [100 * bin.before / before for bin in each.bins],
        drift.after if drift.after != drift.before else f"{drift.after} (2)": [
            100 * bin.after / after for bin in each.bins
        ],
    }
    return charts.grouped(
        shares, [bin.name for bin in each.bins], title=str(each), x="% of the known values", width=760
    )
