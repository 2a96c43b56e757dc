"""Bars: of named things, and of the bins of a number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from instar.base.errors import BadInput
from instar.data.charts.axes import HEADING, TOP, Field, ends, numbers
from instar.data.charts.chart import Chart, box, colour, drawing, label, line, shortened, write


def bars(
    values: Sequence[float | None], labels: Sequence[object], *, title: str = "", x: str = "", width: float = 640
) -> Chart:
    """A bar to the right for each value, the first at the top, with its label before it and its figure behind.

    values : numbers, below 0 too; None draws no bar;  x : what the values are, with their unit
    """
    if len(values) != len(labels):
        raise BadInput(f"bars: {len(values)} values and {len(labels)} labels; give a label for each value")
    known, names = numbers(values), [shortened(each, 30) for each in labels]
    left = min(24 + 6.8 * max(map(len, names), default=0), width * 0.45)
    height = HEADING + 22 * len(values) + (44 if x else 30)
    low, high = ends(known, zero=True, room=0.12)
    field = Field.of((low, high), (0, 1), width, height, left=left)
    parts, top = [], HEADING + 14
    for at, (value, name) in enumerate(zip(known, names)):
        middle = top + 22 * at + 8
        parts.append(write(left - 8, middle + 4, name, "end"))
        if value != value:
            continue
        start, stop = sorted((field.x(0), field.x(value)))
        parts.append(box(start, middle - 8, stop - start, 16, colour(0), f"{labels[at]}: {label(value)}"))
        parts.append(
            write(stop + 5 if value >= 0 else start - 5, middle + 4, label(value), *(() if value >= 0 else ("end",)))
        )
    parts.append(line(field.x(0), top - 4, field.x(0), top + 22 * len(values)))
    if x:
        parts.append(write(left + field.x.room / 2, top + 22 * len(values) + 20, x, "middle"))
    table = (
        ("", x or "value"),
        *((str(name), "" if value != value else label(value)) for name, value in zip(labels, known)),
    )
    return Chart(drawing(width, height, title, *parts), title, table)


def histogram(
    counts: Sequence[float],
    edges: Sequence[float],
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    width: float = 640,
    height: float = 260,
) -> Chart:
    """How many values lie in each bin; a bin is as wide as its edges say.

    counts : of each of the n bins;  edges : n + 1, growing
    Bins of unequal width are drawn by density (the count for one unit of x), so that the area of a bar tells how many
    values it holds, which is what a histogram promises; bins of equal width by the count itself. A bin without width
    (one value) is drawn as a line as high as the highest.
    """
    if len(edges) != len(counts) + 1 or any(high < low for low, high in pairwise(edges)):
        raise BadInput(
            f"histogram: {len(counts)} counts need {len(counts) + 1} edges that grow; there are {len(edges)}"
        )
    spans = [high - low for low, high in pairwise(edges)]
    equal = not spans or max(spans) - min(spans) <= 1e-9 * max(abs(edges[0]), abs(edges[-1]), 1e-300)
    heights = [count if equal else count / span if span > 0 else 0.0 for count, span in zip(counts, spans)]
    most = max(heights, default=0.0)
    top = (HEADING if title else 0) + TOP
    low, high = ends(edges)
    field = Field.of((low, high), ends([0.0, most], zero=True, room=0.05), width, height, top)
    named = y or ("rows" if equal else "rows for each unit")
    parts = field.frame(x, named)
    for at, (count, tall) in enumerate(zip(counts, heights)):
        start, stop = field.x(edges[at]), field.x(edges[at + 1])
        hint = f"{label(edges[at])} to {label(edges[at + 1])}: {label(count)}"
        tall = most if spans[at] == 0 and count else tall
        peak = field.y(tall)
        wide = max(stop - start, 1.5)
        parts.append(box(start, peak, wide, field.y.start - peak, colour(0), hint, ' class="edge"'))
    table = [("from", "to", "rows")]
    table += [(label(edges[at]), label(edges[at + 1]), label(count)) for at, count in enumerate(counts)]
    return Chart(drawing(width, height, title, *parts), title, tuple(table))
