"""Bars of several series beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instar.base.errors import BadInput
from instar.data.charts.axes import HEADING, Field, ends, numbers
from instar.data.charts.chart import Chart, box, colour, drawing, label, legend, line, shortened, write
from instar.data.charts.chart import place as spot

THICK = 9.0  # of one bar


def grouped(
    series: Mapping[str, Sequence[float | None]],
    labels: Sequence[object],
    *,
    title: str = "",
    x: str = "",
    width: float = 640,
) -> Chart:
    """For each label a bar of each series, to the right, in the series' colours.

    series : name -> values, one for each label, from 0 up;  x : what the values are, with their unit
    """
    known = {name: numbers(values) for name, values in series.items()}
    if any(len(values) != len(labels) for values in known.values()):
        raise BadInput(f"grouped: there are {len(labels)} labels; each series needs one value for each")
    names = [shortened(each, 30) for each in labels]
    left = min(24 + 6.8 * max(map(len, names), default=0), width * 0.45)
    shown, room = legend(list(known), left, HEADING + 16, width - left - 10)
    top, group = HEADING + 8 + room, THICK * len(known) + 7
    height = top + group * len(labels) + (32 if x else 12)
    field = Field.of(
        ends([value for values in known.values() for value in values], zero=True, room=0.1),
        (0, 1),
        width,
        height,
        left=left,
    )
    parts = list(shown)
    for at, name in enumerate(names):
        y = top + group * at
        parts.append(write(left - 8, y + THICK * len(known) / 2 + 4, name, "end"))
        for place, (which, values) in enumerate(known.items()):
            if values[at] == values[at]:
                wide = field.x(values[at]) - left
                hint = f"{which}, {labels[at]}: {label(values[at])}"
                parts.append(box(left, y + THICK * place, wide, THICK - 1, colour(place), hint))
                end = f'x="{spot(left + wide + 4)}" y="{spot(y + THICK * (place + 1) - 1.5)}" font-size="9"'
                parts.append(f"<text {end}>{label(float(f'{values[at]:.3g}'))}</text>")
    parts.append(line(left, top - 4, left, top + group * len(labels)))
    if x:
        parts.append(write(left + field.x.room / 2, height - 10, x, "middle"))
    rows = [
        (str(each), *("" if v[at] != v[at] else label(v[at]) for v in known.values())) for at, each in enumerate(labels)
    ]
    return Chart(drawing(width, height, title, *parts), title, (("", *known), *rows))
