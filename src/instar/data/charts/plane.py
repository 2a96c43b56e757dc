"""Rows in the plane: points, and the cells that they fall into."""

from __future__ import annotations

from collections.abc import Sequence

from instar.base.errors import BadInput
from instar.data.charts.axes import HEADING, TOP, Field, Number, are_moments, ends, numbers
from instar.data.charts.chart import Chart, box, colour, drawing, label, legend, write


def points(
    across: Sequence[Number],
    up: Sequence[Number],
    classes: Sequence[object] | None = None,
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    width: float = 640,
    height: float = 400,
) -> Chart:
    """A dot for each row; a row with a missing coordinate is left out.

    classes : of each row, told apart by colour, in the order in which they occur;  x, y : names and units of the axes
    """
    if len(across) != len(up) or (classes is not None and len(classes) != len(up)):
        raise BadInput(
            f"points: {len(across)} places across and {len(up)} up; each row needs both, and its class if any"
        )
    xs, ys = numbers(across), numbers(up)
    kinds = [str(each) for each in classes] if classes is not None else [""] * len(xs)
    names = list(dict.fromkeys(kinds))
    top = (HEADING if title else 0) + TOP
    shown, room = legend(names if classes is not None else [], 62, top + 4, width - 80)
    whole = height + room
    field = Field.of(ends(xs, room=0.04), ends(ys, room=0.04), width, whole, top + room, moments=are_moments(across))
    parts = [*shown, *field.frame(x, y)]
    size = 2.2 if len(xs) > 500 else 3.2
    for at, (one, two) in enumerate(zip(xs, ys)):
        if one == one and two == two:
            paint = colour(names.index(kinds[at]))
            dot = f'cx="{field.x(one):.1f}" cy="{field.y(two):.1f}" r="{size}"'
            parts.append(f'<circle {dot} fill="{paint}" fill-opacity=".75"/>')
    table = [("class", "rows")] if classes is not None else []
    table += [(name, str(kinds.count(name))) for name in names] if classes is not None else []
    return Chart(drawing(width, whole, title, *parts), title, tuple(table))


def boxes(
    cells: Sequence[tuple[float, float, float, float]],
    counts: Sequence[float] | None = None,
    rows: tuple[Sequence[float], Sequence[float]] | None = None,
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    width: float = 640,
    height: float = 400,
) -> Chart:
    """Cells of the plane, each with its figure in its middle, and the rows that fall into them as dots.

    cells : (least x, least y, greatest x, greatest y);  counts : of each cell, written in it where there is room
    rows : their x and their y
    """
    if counts is not None and len(counts) != len(cells):
        raise BadInput(f"boxes: {len(cells)} cells and {len(counts)} counts; give one for each cell")
    dots = (numbers(rows[0]), numbers(rows[1])) if rows else ([], [])
    xs = [end for cell in cells for end in (cell[0], cell[2])] + dots[0]
    ys = [end for cell in cells for end in (cell[1], cell[3])] + dots[1]
    field = Field.of(ends(xs), ends(ys), width, height, (HEADING if title else 0) + TOP)
    parts = field.frame(x, y)
    for one, two in zip(*dots):
        parts.append(f'<circle cx="{field.x(one):.1f}" cy="{field.y(two):.1f}" r="1.6" fill="{colour(1)}"/>')
    table = [("x from", "x to", "y from", "y to", "rows")]
    for at, (left, low, right, high) in enumerate(cells):
        start, peak = field.x(left), field.y(high)
        wide, tall = field.x(right) - start, field.y(low) - peak
        count = "" if counts is None else label(counts[at])
        edge = f' fill-opacity=".10" stroke="{colour(0)}" stroke-width="1"'
        parts.append(box(start, peak, wide, tall, colour(0), count, edge))
        if count and wide > 8 * len(count) and tall > 14:
            parts.append(write(start + wide / 2, peak + tall / 2 + 4, count, "middle"))
        table.append((label(left), label(right), label(low), label(high), count))
    return Chart(drawing(width, height, title, *parts), title, tuple(table))
