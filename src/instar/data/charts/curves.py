"""Lines over an axis: several series, and the pieces into which one is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instar.base.errors import BadInput
from instar.data.charts.axes import HEADING, TOP, Field, Number, are_moments, ends, numbers
from instar.data.charts.chart import Chart, colour, drawing, label, legend, line, write

MOST_ROWS = 60  # of the table beside a chart: a longer one says no more than the picture


def lines(
    series: Mapping[str, Sequence[Number]],
    at: Sequence[Number] | None = None,
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    marks: bool = False,
    width: float = 640,
    height: float = 280,
) -> Chart:
    """A line for each series, over ``at`` (else over 0, 1, 2 …). Missing values leave a gap.

    series : name -> values, all as long as ``at``;  at : numbers, dates or times;  marks : a dot at each value
    """
    known = {name: numbers(values) for name, values in series.items()}
    places = numbers(at) if at is not None else [float(n) for n in range(max(map(len, known.values()), default=0))]
    for name, values in known.items():
        if at is not None and len(values) != len(places):
            raise BadInput(f"lines: {name} has {len(values)} values, and there are {len(places)} places on the axis")
    names, seen = list(known), [value for values in known.values() for value in values]
    top = (HEADING if title else 0) + TOP
    shown, room = legend(names if len(names) > 1 else [], 62, top + 4, width - 80)
    moments = at is not None and are_moments(at)
    field = Field.of(ends(places), ends(seen, room=0.05), width, height + room, top + room, moments=moments)
    parts = [*shown, *field.frame(x, y or (names[0] if len(names) == 1 else ""))]
    for number, values in enumerate(known.values()):
        pairs = list(zip(places, values))
        path, paint = field.path(pairs), colour(number)
        parts.append(f'<path d="{path}" fill="none" stroke="{paint}" stroke-width="1.8" stroke-linejoin="round"/>')
        if marks:
            parts += [_dot(field, x, y, paint) for x, y in pairs if y == y]
    return Chart(drawing(width, height + room, title, *parts), title, _table(field, x, names, places, known))


def segments(
    values: Sequence[Number],
    pieces: Sequence[tuple[float, float, float, str]],
    *,
    levels: Sequence[float] = (),
    title: str = "",
    x: str = "",
    y: str = "",
    width: float = 640,
    height: float = 280,
) -> Chart:
    """A series and the pieces that stand for it, each a flat step with its name, as SAX makes them.

    values : at 0, 1, 2 …;  pieces : (from, to, height, name);  levels : drawn as dashed lines, such as breakpoints
    """
    known = numbers(values)
    places = [float(at) for at in range(len(known))]
    top = (HEADING if title else 0) + TOP
    tall = ends([*known, *levels, *(each[2] for each in pieces)], room=0.08)
    field = Field.of(ends([*places, *(end for each in pieces for end in each[:2])]), tall, width, height, top)
    parts = field.frame(x, y)
    for level in levels:
        at = field.y(level)
        parts.append(line(field.x.start, at, field.right, at, "axis", ' stroke-dasharray="5 4"'))
    path = field.path(list(zip(places, known)))
    parts.append(f'<path d="{path}" fill="none" stroke="{colour(6)}" stroke-width="1.2"/>')
    for start, stop, tall_, name in pieces:
        at = field.y(tall_)
        step = f"M{field.x(start):.2f} {at:.2f}L{field.x(stop):.2f} {at:.2f}"
        parts.append(f'<path d="{step}" fill="none" stroke="{colour(0)}" stroke-width="3"/>')
        parts.append(write(field.x((start + stop) / 2), at - 6, name, "middle", "title"))
    table = [("from", "to", "height", "name")]
    table += [(label(a), label(b), label(h), str(name)) for a, b, h, name in pieces]
    return Chart(drawing(width, height, title, *parts), title, tuple(table))


def _dot(field: Field, x: float, y: float, paint: str) -> str:
    return f'<circle cx="{field.x(x):.2f}" cy="{field.y(y):.2f}" r="2.6" fill="{paint}"/>'


def _table(
    field: Field, x: str, names: list[str], places: list[float], known: Mapping[str, list[float]]
) -> tuple[tuple[str, ...], ...]:
    rows = [(x or "at", *names)]
    for at, spot in enumerate(places[:MOST_ROWS]):
        cells = (values[at] if at < len(values) else float("nan") for values in known.values())
        shown = field.x.told(spot)
        rows.append((shown, *("" if cell != cell else label(cell) for cell in cells)))
    return tuple(rows)
