"""A profile as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from instar.data import charts
from instar.data.charts.page import anchor, figure, heading, page, section, table
from instar.data.profile.profiled import ColumnProfile, ProfileFigures
from instar.data.profile.text import distinct, missing, short

MOST_DRAWN = 100  # columns with charts: those beyond stand in the table only, so that a page stays a page
TOLD = (
    "Quantiles and the counts of bins are off by at most 0.2 % of the rows. Distinct values marked ~ are estimated with a "
    "standard error of 1.6 %. Counts of the commonest values are lower bounds where there are more than 1,024. "
    "A correlation is Pearson's, over the rows that have both values; a dependency's accuracy is the chance to guess a "
    "row's value from the other rows."
)


def page_of(profile: ProfileFigures) -> str:
    """The page: findings first, then the table of columns, what goes together, and each column with its charts."""
    name = f"{profile.dataset}@{profile.version}"
    cells = profile.rows * len(profile.columns)
    gaps = sum(column.missing for column in profile.columns)
    facts = [
        (f"{profile.rows:,}", "rows"),
        (f"{len(profile.columns):,}", "columns"),
        (f"{gaps / cells:.1%}" if cells else "-", "of all values missing"),
        (f"{len(profile.findings):,}", "findings"),
    ]
    facts += [(f"{sum(profile.quarantine.values()):,}", "rows set apart")] if profile.quarantine else []
    limits = [f"Bounded: {each}." for each in _limits(profile)]
    return page(
        f"{name}: profile",
        heading(name, "profile of a dataset version, by Instar", facts),
        section("Findings", _findings(profile)),
        section("Rows set apart when it was made", _quarantine(profile)),
        section("Columns", _overview(profile)),
        section("Correlations", _correlations(profile)),
        section("Dependencies", _dependencies(profile)),
        section("Column by column", *(_card(each) for each in profile.columns[:MOST_DRAWN])),
        section("How this was counted", *(f"<p class=soft>{escape(line)}</p>" for line in (TOLD, *limits))),
    )


def _limits(profile: ProfileFigures) -> Iterator[str]:
    yield from profile.limits
    if len(profile.columns) > MOST_DRAWN:
        yield f"charts are drawn of the first {MOST_DRAWN} of {len(profile.columns)} columns"


def _findings(profile: ProfileFigures) -> str:
    if not profile.findings:
        return "<p>Nothing suspicious was found.</p>"
    rows = (
        (escape(each.kind), escape(each.text), f"<code>{escape(each.next_step)}</code>") for each in profile.findings
    )
    return table(("finding", "what was seen", "next step"), rows, kind=0)


def _quarantine(profile: ProfileFigures) -> str:
    rows = [(escape(step), f"{count:,}") for step, count in profile.quarantine.items()]
    return table(("step", "rows"), rows, right=(1,)) if rows else ""


def _overview(profile: ProfileFigures) -> str:
    drawn = {each.name for each in profile.columns[:MOST_DRAWN]}
    rows = (
        (
            f'<a href="#{anchor(each.name)}">{escape(each.name)}</a>' if each.name in drawn else escape(each.name),
            escape(_type(each)),
            missing(each),
            distinct(each),
            f"<span class=bars>{each.equal_width.drawn()}</span>",
            escape(_range(each)),
        )
        for each in profile.columns
    )
    return table(("column", "type", "missing", "distinct", "histogram", "least … greatest"), rows, right=(2, 3))


def _correlations(profile: ProfileFigures) -> str:
    found = profile.correlations
    if len(found.columns) < 2:
        return ""
    chart = charts.heat(
        found.values, found.columns, found.columns, title="Pearson's correlation", ends=(-1, 1), width=960
    )
    return f"<div class=card>{figure(chart)}</div>"


def _dependencies(profile: ProfileFigures) -> str:
    rows = (
        (escape(each.given), escape(each.goal), f"{each.accuracy:.1%}", f"{each.commonest:.1%}")
        for each in profile.dependencies
    )
    return table(("from", "follows", "in", "guessing"), rows, right=(2, 3)) if profile.dependencies else ""


def _card(column: ColumnProfile) -> str:
    facts = [f"{missing(column)} missing" if column.missing else "none missing"]
    facts += [f"{distinct(column)} different values"] if column.distinct is not None else []
    facts += [f"{column.infinite:,} infinite"] if column.infinite else []
    if column.mean is not None and column.type != "bool":
        facts += [f"mean {short(column.mean)}", f"standard deviation {short(column.deviation)}"]
        names = {"0.25": "first quartile", "0.5": "median", "0.75": "third quartile"}
        facts += [f"{name} {short(column.quantiles[at])}" for at, name in names.items() if at in column.quantiles]
    facts += [_range(column)] if _range(column) else []
    drawn = "".join(figure(chart) for chart in _charts(column))
    inside = f"<div class=charts>{drawn}</div>" if drawn else ""
    head = f'<h3 id="{anchor(column.name)}">{escape(column.name)} <span class=soft>{escape(_type(column))}</span></h3>'
    return f"<article class=card>{head}<p class=soft>{escape(' · '.join(facts))}</p>{inside}</article>"


def _charts(column: ColumnProfile) -> Iterator[charts.Chart]:
    axis = f"{column.name} ({column.unit})" if column.unit else column.name
    if column.equal_width.counts and column.type != "bool":
        for bins, kind in ((column.equal_width, "bins of equal width"), (column.equal_depth, "bins of equal depth")):
            title = f"{column.name}: {len(bins.counts)} {kind}"
            yield charts.histogram(bins.counts, bins.edges, title=title, x=axis, width=460, height=240)
    elif column.top and column.top[0][1] > 1:
        values, rows = [value or '""' for value, _ in column.top], [rows for _, rows in column.top]
        yield charts.bars(rows, values, title=f"{column.name}: commonest values", x="rows", width=460)


def _range(column: ColumnProfile) -> str:
    return f"{short(column.low)} … {short(column.high)}" if column.low is not None and column.type != "bool" else ""


def _type(column: ColumnProfile) -> str:
    return f"{column.type}, {column.unit}" if column.unit else column.type
