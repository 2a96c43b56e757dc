"""A finished chart, and the few elements of SVG that charts are made of."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

# Told apart by people who confuse red and green too (after Okabe & Ito), on white and on near black.
COLOURS = ("#3b82c4", "#e08a00", "#0a9b78", "#c8649b", "#d0561f", "#7a6fd0", "#8a8a8a")
STYLE = (
    ".chart{font:12px system-ui,sans-serif}.chart text{fill:#3a3f46}.chart .title{font-size:14px;font-weight:600}"
    ".chart .axis{stroke:#8b929c;stroke-width:1}.chart .grid{stroke:#8b929c;stroke-opacity:.25}"
    ".chart .edge{stroke:#fff;stroke-opacity:.6;stroke-width:.6}.chart .ground{fill:#8b929c;fill-opacity:.12}"
    ".chart .ink{fill:#3a3f46}.chart text.dark{fill:#15181c}.chart text.light{fill:#fff}"
    "@media(prefers-color-scheme:dark){.chart text{fill:#d4d9e0}.chart .ink{fill:#d4d9e0}.chart .edge{stroke:#14171b}}"
)


@dataclass(frozen=True)
class Chart:
    """A chart. svg : the picture;  title : what it shows;  table : its figures as rows of text, the header first"""

    svg: str
    title: str
    table: tuple[tuple[str, ...], ...] = ()

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file, which should end with ``.svg``."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.svg.encode())
        return path

    def _repr_html_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.svg


def drawing(width: float, height: float, title: str, *parts: str) -> str:
    """The whole picture. It shrinks to the room that it is given, and a screen reader says its title."""
    label, size = text_of(title or "chart"), f'width="{place(width)}" height="{place(height)}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{label}" '
        f'viewBox="0 0 {place(width)} {place(height)}" {size} style="max-width:100%;height:auto">'
    )
    heading = [write(10, 20, title, kind="title")] if title else []
    return "\n".join([head, f"<title>{label}</title><style>{STYLE}</style>", *heading, *parts, "</svg>", ""])


def text_of(value: object) -> str:
    """Any value as text that stands in SVG: escaped, and without the control characters that XML has no way to say."""
    kept = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return escape(kept, quote=True)


def place(value: float) -> str:
    """A coordinate, rounded to a hundredth: the same bytes whatever the last bits of the arithmetic.

    >>> place(3.0), place(2 / 3), place(-0.0001)
    ('3', '0.67', '0')
    """
    found = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if found == "-0" else found


def label(value: float) -> str:
    """A number as people read it.

    >>> label(1984.0), label(15000), label(0.1 + 0.2), label(2_500_000), label(1e-7)
    ('1984', '15,000', '0.3', '2.5M', '1e-07')
    """
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3g}"
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if size >= unit:
            return f"{value / unit:.4g}{name}"
    return f"{value:,.0f}" if size >= 10_000 else f"{value:.4g}"


def shortened(value: object, most: int) -> str:
    text = str(value)
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def write(x: float, y: float, value: object, anchor: str = "start", kind: str = "", turn: bool = False) -> str:
    """A text at a place; turned, it reads upwards."""
    more = f' class="{kind}"' if kind else ""
    more += f' text-anchor="{anchor}"' if anchor != "start" else ""
    more += f' transform="rotate(-90 {place(x)} {place(y)})"' if turn else ""
    return f'<text x="{place(x)}" y="{place(y)}"{more}>{text_of(value)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis", more: str = "") -> str:
    ends = f'x1="{place(x1)}" y1="{place(y1)}" x2="{place(x2)}" y2="{place(y2)}"'
    return f'<line {ends} class="{kind}"{more}/>'


def box(x: float, y: float, width: float, height: float, fill: str = "", hint: object = "", more: str = "") -> str:
    """A rectangle. hint : what it says when pointed at"""
    size = f'x="{place(x)}" y="{place(y)}" width="{place(max(width, 0))}" height="{place(max(height, 0))}"'
    paint = f' fill="{fill}"' if fill else ""
    inside = f"<title>{text_of(hint)}</title></rect>" if hint != "" else ""
    return f"<rect {size}{paint}{more}>{inside}" if inside else f"<rect {size}{paint}{more}/>"


def colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]


def legend(names: list[str], x: float, y: float, width: float) -> tuple[list[str], float]:
    """The names of the series beside their colours, in as many lines as they need; and the room that they take."""
    parts, left, top = [], x, y
    for at, name in enumerate(names):
        shown = shortened(name, 28)
        room = 30 + 7.4 * len(shown)
        if left + room > x + width and left > x:
            left, top = x, top + 18
        parts += [box(left, top - 9, 10, 10, colour(at)), write(left + 15, top, shown)]
        left += room
    return parts, top - y + 20 if names else 0.0
