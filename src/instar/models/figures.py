"""Figures of an evaluation as SVG text: readable without colour, by screen readers, in the dark, and on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from instar.base.digests import digest_value
from instar.models.evaluate import Report
from instar.models.intervals import Interval

_INK, _SOFT, _LINE, _BLUE, _RUST = "#1b1f24", "#57606a", "#d0d7de", "#0b5cad", "#a23b00"
_LIGHT, _DARK = (242, 246, 250), (11, 92, 173)  # from no row to every row of a class


def report_figures(report: Report) -> dict[str, str]:
    """The figures of ``report`` by file name."""
    if report.task == "regression":
        return {"intervals.svg": intervals_svg("Errors with 95 % intervals", report.figures())}
    figures = {"confusion.svg": confusion_svg(report)}
    if report.roc:
        figures["roc.svg"] = roc_svg(report)
    return figures


def confusion_svg(report: Report) -> str:
    """The confusion matrix: each cell shows its rows, and their share of the rows of that true class."""
    names = [str(value) for value in report.classes]
    cell, left, top = 96 if len(names) <= 6 else 56, 150, 96
    side = cell * len(names)
    parts = [
        _text(left + side / 2, 60, f"predicted {report.target}", anchor="middle", colour=_SOFT),
        _text(24, top - 14, f"true {report.target}", colour=_SOFT),
    ]
    for at, name in enumerate(names):
        middle = at * cell + cell / 2
        parts.append(_text(left + middle, top - 14, _short(name, 12), anchor="middle", weight=600))
        parts.append(_text(left - 12, top + middle + 5, _short(name, 16), anchor="end", weight=600))
    for row, line in enumerate(report.confusion):
        for column, count in enumerate(line):
            parts += _cell(left + column * cell, top + row * cell, cell, count, sum(line), right=row == column)
    said = "; ".join(
        f"of {sum(line):,} rows that are {name}, "
        + ", ".join(f"{count:,} predicted {other}" for other, count in zip(names, line))
        for name, line in zip(names, report.confusion)
    )
    return _svg(f"Confusion matrix, {report.rows:,} rows", said, left + side + 40, top + side + 30, parts)


def _cell(x: float, y: float, size: float, count: int, total: int, right: bool) -> list[str]:
    share = count / total if total else 0.0
    fill = "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in zip(_LIGHT, _DARK))
    ink = "#ffffff" if share > 0.55 else _INK
    # The diagonal is framed, so that right and wrong differ without colour.
    frame = f'stroke="{_INK}" stroke-width="2"' if right else f'stroke="{_LINE}"'
    middle = x + size / 2
    return [
        f'<rect x="{x + 2:g}" y="{y + 2:g}" width="{size - 4:g}" height="{size - 4:g}" rx="6" fill="{fill}" {frame}/>',
        _text(
            middle, y + size / 2, f"{count:,}", anchor="middle", colour=ink, weight=600, size=17 if size > 60 else 12
        ),
        _text(middle, y + size / 2 + 19, f"{share:.1%}", anchor="middle", colour=ink, size=12 if size > 60 else 10),
    ]


def roc_svg(report: Report) -> str:
    """The ROC curve, with the line of guessing and the area under the curve."""
    left, top, side = 74, 60, 320

    def at(alarms: float, hits: float) -> str:
        return f"{left + alarms * side:.1f},{top + (1 - hits) * side:.1f}"

    parts = []
    for step in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = left + step * side, top + (1 - step) * side
        parts.append(f'<path d="M{left},{y:g}H{left + side}M{x:g},{top}V{top + side}" stroke="{_LINE}" fill="none"/>')
        parts.append(_text(left - 10, y + 4, f"{step:g}", anchor="end", colour=_SOFT, size=12))
        parts.append(_text(x, top + side + 20, f"{step:g}", anchor="middle", colour=_SOFT, size=12))
    curve = " ".join(at(*point) for point in report.roc)
    parts += [
        f'<path d="M{at(0, 0)}L{at(1, 1)}" stroke="{_RUST}" stroke-width="1.5" stroke-dasharray="6 5" fill="none"/>',
        f'<polygon points="{curve} {at(1, 0)} {at(0, 0)}" fill="{_BLUE}" fill-opacity="0.12"/>',
        f'<polyline points="{curve}" stroke="{_BLUE}" stroke-width="2.5" fill="none" stroke-linejoin="round"/>',
        _text(left + side / 2, top + side + 44, "false positive rate", anchor="middle", colour=_SOFT),
        f'<g transform="rotate(-90 22 {top + side / 2:g})">'
        + _text(22, top + side / 2, "true positive rate", anchor="middle", colour=_SOFT)
        + "</g>",
        _text(left + side - 8, top + side - 14, "dashed: guessing", anchor="end", colour=_RUST, size=12),
    ]
    area = f"area {report.roc_auc}" if report.roc_auc else ""
    parts.append(_text(left + side - 8, top + side - 34, area, anchor="end", weight=600))
    half = next((hits for alarms, hits in report.roc if alarms >= 0.1), 1.0)
    said = f"{area}, 95 % interval in brackets; at one false alarm in ten, {half:.0%} of the hits"
    return _svg(f"ROC curve of {report.target}, {report.rows:,} rows", said, left + side + 40, top + side + 64, parts)


def intervals_svg(title: str, figures: Mapping[str, Interval], reference: float | None = None) -> str:
    """Figures with their intervals, each on its own scale. reference : a value drawn in each, such as 0.5 for guessing"""
    left, width, parts = 110, 300, []
    for line, (name, interval) in enumerate(figures.items()):
        y = 76 + line * 44
        low, high = _span([interval.low, interval.high, interval.value, *([] if reference is None else [reference])])

        def x(value: float, low: float = low, high: float = high) -> float:
            return left + (value - low) / (high - low) * width

        parts += [
            _text(left - 14, y + 5, name, anchor="end", weight=600),
            f'<path d="M{left},{y}H{left + width}" stroke="{_LINE}"/>',
            f'<path d="M{x(interval.low):.1f},{y}H{x(interval.high):.1f}" stroke="{_BLUE}" stroke-width="6" '
            'stroke-linecap="round"/>',
            f'<circle cx="{x(interval.value):.1f}" cy="{y}" r="6" fill="#fff" stroke="{_BLUE}" stroke-width="2.5"/>',
            _text(left + width + 14, y + 5, str(interval), size=13),
        ]
        if reference is not None:
            parts.append(f'<path d="M{x(reference):.1f},{y - 13}v26" stroke="{_RUST}" stroke-dasharray="4 3"/>')
    said = "; ".join(f"{name} {interval}" for name, interval in figures.items())
    if reference is not None:
        said += f"; the dashed line is {reference:g}"
    return _svg(title, said, left + width + 220, 76 + 44 * len(figures), parts)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.15 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = _INK, size: int = 14, weight: int = 400
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )


def _svg(title: str, description: str, width: float, height: float, parts: Sequence[str]) -> str:
    """The whole drawing on a white card, so that it reads on a dark page too."""
    width = max(width, 60 + 9 * len(title))
    name = "svg-" + digest_value([title, description])[:8]  # ids are the page's: two figures may lie on one
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-labelledby="{name}-title {name}-text" '
            'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
            f'<title id="{name}-title">{escape(title)}</title>',
            f'<desc id="{name}-text">{escape(description)}</desc>',
            f'<rect width="{width:g}" height="{height:g}" rx="10" fill="#ffffff"/>',
            _text(24, 32, title, size=17, weight=600),
            *parts,
            "</svg>",
            "",
        ]
    )
