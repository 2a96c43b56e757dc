"""A matrix of figures as coloured cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from instar.base.errors import BadInput
from instar.data.charts.axes import HEADING
from instar.data.charts.chart import Chart, box, drawing, shortened, write

LOW, MIDDLE, HIGH = (201, 78, 30), (243, 243, 243), (35, 102, 168)  # of one lightness at both ends


def heat(
    matrix: Sequence[Sequence[float | None]],
    rows: Sequence[object],
    columns: Sequence[object],
    *,
    title: str = "",
    ends: tuple[float, float] | None = None,
    digits: int = 2,
    width: float = 640,
) -> Chart:
    """A cell for each figure: blue above 0, red below, the paler the nearer to 0; a missing one stays empty.

    matrix : shape (rows, columns);  ends : the values of the fullest colours, else those of the greatest size
    digits : behind the point of a written figure
    """
    if len(matrix) != len(rows) or any(len(each) != len(columns) for each in matrix):
        raise BadInput(f"heat: the matrix needs {len(rows)} rows of {len(columns)} figures, as there are labels")
    known = [[math.nan if each is None else float(each) for each in row] for row in matrix]
    finite = [abs(each) for row in known for each in row if math.isfinite(each)]
    most = max(abs(end) for end in ends) if ends else max(finite, default=1.0)
    names, heads = [shortened(each, 24) for each in rows], [shortened(each, 24) for each in columns]
    left = min(20 + 6.8 * max(map(len, names), default=0), width * 0.4)
    side = min((width - left - 16) / max(len(columns), 1), 90.0)
    tall = min(side, 30.0)
    turned = max((len(each) * 6.8 for each in heads), default=0) > side
    above = (HEADING if title else 0) + (12 + 6.8 * max(map(len, heads), default=0) if turned else 26)
    parts = []
    for at, head in enumerate(heads):
        middle = left + side * (at + 0.5)
        where = (middle + 4, above - 6) if turned else (middle, above - 6)
        parts.append(write(*where, head, "start" if turned else "middle", turn=turned))
    for down, row in enumerate(known):
        top = above + tall * down
        parts.append(write(left - 7, top + tall / 2 + 4, names[down], "end"))
        for at, value in enumerate(row):
            parts += _cell(left + side * at, top, side, tall, value, most, digits, f"{rows[down]}, {columns[at]}")
    shown = tuple(tuple(_figure(each, digits) for each in row) for row in known)
    table = (("", *map(str, columns)), *((str(name), *row) for name, row in zip(rows, shown)))
    return Chart(drawing(width, above + tall * len(rows) + 10, title, *parts), title, table)


def _cell(x: float, y: float, wide: float, tall: float, value: float, most: float, digits: int, name: str) -> list[str]:
    if math.isnan(value):
        return [box(x, y, wide - 1, tall - 1, hint=f"{name}: none", more=' class="ground"')]
    share = max(-1.0, min(1.0, value / most if most else 0.0))
    paint = "#" + "".join(f"{round(a + (b - a) * abs(share)):02x}" for a, b in zip(MIDDLE, HIGH if share >= 0 else LOW))
    figure = _figure(value, digits)
    parts = [box(x, y, wide - 1, tall - 1, paint, f"{name}: {figure}")]
    if 6.6 * len(figure) < wide and tall >= 14:
        ink = "light" if abs(share) > 0.6 else "dark"
        parts.append(write(x + wide / 2, y + tall / 2 + 4, figure, "middle", ink))
    return parts


def _figure(value: float, digits: int) -> str:
    found = "" if math.isnan(value) else f"{value:.{digits}f}"
    return found.removeprefix("-") if found and float(found) == 0 else found
