"""Pictures of a lineage: SVG that stands alone, and Mermaid text. What came first stands to the left."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from instar.store.provenance.filtering import OVER
from instar.store.provenance.grouping import Box, Picture, picture
from instar.store.provenance.layout import Layout, layout
from instar.store.records import Edge, Graph

WIDTH, HEIGHT = 168, 40  # of a box, in pixels
COLUMN, ROW = 236, 58  # from one box to the next
MARGIN = 20
LETTERS, SMALL = 20, 27  # that fit into a box
# For each family of kinds: fill, line, shape. Shape and words say it too, for whoever sees no colours.
FAMILIES = {
    "data": ("#e3f1fb", "#1f6fa8", "sheet"),
    "work": ("#f1f1f1", "#5a5a5a", "pill"),
    "model": ("#e8f5e4", "#3c7d2b", "hexagon"),
    "approval": ("#fdf3d8", "#946c00", "box"),
    "service": ("#f4e8f8", "#7b3c95", "double"),
    "trouble": ("#fde5e2", "#b3261e", "box"),
    "other": ("#ffffff", "#777777", "box"),
}
_KINDS = {
    "data": ("file", "chunk", "table", "dataset", "dataset_version"),
    "work": ("activity", "run"),
    "model": ("state", "bundle", "model", "model_version"),
    "approval": ("report", "evidence", "signature"),
    "service": ("deployment", "deployment_version", "segment"),
    "trouble": ("invalidation", "revocation", "erasure", "lifting"),
}
FAMILY = {kind: family for family, kinds in _KINDS.items() for kind in kinds}
_DASHES = {"informed": "2 3", "specialization": "6 3", "member": "6 3", "invalidated": "8 3 2 3"}


def svg(graph: Graph, numbers: dict[str, int] | None = None, href: str = "", title: str = "Lineage") -> str:
    """The graph as an SVG document, readable for 5 to 200 nodes.

    numbers : of versions, for their names;  href : where a box leads, with ``{id}`` in it; nowhere when it is empty
    """
    shown = picture(graph, numbers)
    placed = layout([box.id for box in shown.boxes], [(edge.dst, edge.src) for edge in shown.edges])
    kinds = [family for family in FAMILIES if any(FAMILY.get(box.kind, "other") == family for box in shown.boxes)]
    width = 2 * MARGIN + max(placed.rank.values()) * COLUMN + WIDTH
    width = max(width, 2 * MARGIN + 130 * len(kinds))
    bottom = max([*placed.place.values(), *(at for bends in placed.bends.values() for _, at in bends)])
    height = round(2 * MARGIN + (bottom + 0.5) * ROW + 30)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_described(graph, shown))}</desc>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#666"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_line(edge, placed) for edge in shown.edges),
        *(_linked(box, _drawn(box, placed, shown), href) for box in shown.boxes),
        *(_legend(family, MARGIN + 130 * place, height - 26) for place, family in enumerate(kinds)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _described(graph: Graph, shown: Picture) -> str:
    more = [f"{graph.beyond} nodes lie further away"] if graph.beyond else []
    more += [f"left out: {count} of kind {kind}" for kind, count in graph.hidden.items()]
    return "; ".join([f"{len(graph.nodes)} nodes, {len(graph.edges)} edges, in {len(shown.boxes)} boxes", *more])


def _at(rank: float, place: float) -> tuple[float, float]:
    """The centre of a box, in pixels."""
    return MARGIN + WIDTH / 2 + rank * COLUMN, MARGIN + place * ROW


def _line(edge: Edge, placed: Layout) -> str:
    """From the earlier box (``dst``) to the later one, passing other boxes in the gaps left for it."""
    link = (edge.dst, edge.src)
    (x, y), (end_x, end_y) = (_at(placed.rank[id], placed.place[id]) for id in link)
    back = x >= end_x
    x, end_x = (x - WIDTH / 2, end_x + WIDTH / 2 + 3) if back else (x + WIDTH / 2, end_x - WIDTH / 2 - 3)
    path = [f"M{x:.0f},{y:.1f}"]
    for rank, place in placed.bends.get(link, ()):
        centre, level = _at(rank, place)
        path += [_curve(x, y, centre - WIDTH / 2, level), f"H{centre + WIDTH / 2:.0f}"]
        x, y = centre + WIDTH / 2, level
    path.append(_curve(x, y, end_x, end_y))
    dash = "1 4" if edge.role == OVER else _DASHES.get(edge.rel, "")
    style = f' stroke-dasharray="{dash}"' if dash else ""
    said = escape(f"{edge.rel} {edge.role}".strip())
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="#666" stroke-width="1.2"{style} marker-end="url(#tip)">'
        f"<title>{said}</title></path>"
    )


def _curve(x: float, y: float, end_x: float, end_y: float) -> str:
    middle = (x + end_x) / 2
    return f"C{middle:.0f},{y:.1f} {middle:.0f},{end_y:.1f} {end_x:.0f},{end_y:.1f}"


def _linked(box: Box, drawn: str, href: str) -> str:
    if not href:
        return drawn
    return f'<a href="{escape(href.replace("{id}", box.id), quote=True)}">{drawn}</a>'


def _drawn(box: Box, placed: Layout, shown: Picture) -> str:
    """Shape, name, and kind with the short id; the whole name is told when one points at it."""
    x, y = _at(placed.rank[box.id], placed.place[box.id])
    fill, line, shape = FAMILIES[FAMILY.get(box.kind, "other")]
    ids = f"{len(box.nodes)} nodes" if len(box.nodes) > 1 else box.id
    bold = 2.5 if box.id == shown.start else 1.2
    large, small = _lines(box)
    texts = [(_fitting(large, LETTERS), 'font-weight="600" fill="#111111"', -3 if small else 4)]
    texts += [(_fitting(small, SMALL), 'font-size="10.5" fill="#444444"', 12)] if small else []
    said = "".join(
        f'<text x="{x:.0f}" y="{y + down:.1f}" text-anchor="middle" {style}>{escape(text)}</text>'
        for text, style, down in texts
    )
    return (
        f"<g><title>{escape(f'{box.words} {box.name} ({ids})')}</title>"
        f"{_shape(shape, x, y, WIDTH, HEIGHT, fill, line, bold)}{said}</g>"
    )


def _lines(box: Box) -> tuple[str, str]:
    """What stands in a box: the name over kind and short id; of a node without a name its kind over the id."""
    short = box.id[:12] if box.id.startswith("0") else box.id[:6]  # an event's id begins with the time
    if len(box.nodes) > 1:
        return box.name, ""
    return (box.name, f"{box.words} {short}") if box.name else (box.words, short)


def _fitting(text: str, most: int) -> str:
    """As much of a text as there is room for.

    >>> _fitting("a_very_long_name", 10)
    'a_very_lo…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _shape(shape: str, x: float, y: float, width: float, height: float, fill: str, line: str, bold: float) -> str:
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    style = f'fill="{fill}" stroke="{line}" stroke-width="{bold}"'
    corner = height / 4
    if shape == "sheet":
        fold = f"M{right - corner:.1f},{top:.1f} v{corner:.1f} h{corner:.1f}"
        outline = (
            f"M{left:.1f},{top:.1f} H{right - corner:.1f} L{right:.1f},{top + corner:.1f} V{bottom:.1f} H{left:.1f} z"
        )
        return f'<path d="{outline} {fold}" {style}/>'
    if shape == "hexagon":
        points = [(left + corner, top), (right - corner, top), (right, y)]
        points += [(right - corner, bottom), (left + corner, bottom), (left, y)]
        return f'<polygon points="{" ".join(f"{px:.1f},{py:.1f}" for px, py in points)}" {style}/>'
    round_ = {"pill": height / 2, "box": 3, "double": 6}[shape]
    box = f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.0f}" height="{height:.0f}" rx="{round_:.0f}" {style}/>'
    if shape == "double":
        inner = f'x="{left + 3:.1f}" y="{top + 3:.1f}" width="{width - 6:.0f}" height="{height - 6:.0f}" rx="4"'
        return box + f'<rect {inner} fill="none" stroke="{line}" stroke-width="0.8"/>'
    return box


def _legend(family: str, x: float, y: float) -> str:
    fill, line, shape = FAMILIES[family]
    text = f'<text x="{x + 34}" y="{y + 4}" fill="#444444">{family}</text>'
    return f"<g>{_shape(shape, x + 14, y, 28, 14, fill, line, 1.2)}{text}</g>"


_MERMAID: Mapping[str, tuple[str, str]] = {
    "sheet": ("[/", "/]"),
    "pill": ("([", "])"),
    "hexagon": ("{{", "}}"),
    "double": ("[[", "]]"),
    "box": ("[", "]"),
}


def mermaid(graph: Graph, numbers: dict[str, int] | None = None) -> str:
    """The graph as Mermaid text, for Markdown pages that draw it.

    >>> from instar.store.records import Node
    >>> film = Node("f" * 32, "file", doc={"path": "films.csv"})
    >>> print(mermaid(Graph(film.id, (film,), (), {film.id: 0})))
    flowchart LR
      n0[/"films.csv<br/>file ffffff"/]
      classDef data fill:#e3f1fb,stroke:#1f6fa8,color:#111
      class n0 data
    """
    shown = picture(graph, numbers)
    place = {box.id: f"n{number}" for number, box in enumerate(shown.boxes)}
    families: dict[str, list[str]] = {}
    lines = ["flowchart LR"]
    for box in shown.boxes:
        family = FAMILY.get(box.kind, "other")
        families.setdefault(family, []).append(place[box.id])
        before, after = _MERMAID[FAMILIES[family][2]]
        text = "<br/>".join(_safe(line) for line in _lines(box) if line)
        lines.append(f'  {place[box.id]}{before}"{text}"{after}')
    for edge in shown.edges:
        arrow = "-.->" if edge.role == OVER or edge.rel in _DASHES else "-->"
        lines.append(f"  {place[edge.dst]} {arrow} {place[edge.src]}")
    for family, names in families.items():
        fill, line, _ = FAMILIES[family]
        lines.append(f"  classDef {family} fill:{fill},stroke:{line},color:#111")
        lines.append(f"  class {','.join(names)} {family}")
    return "\n".join(lines)


def _safe(text: str) -> str:
    """Mermaid reads ``#34;`` and its like in labels."""
    return "".join(f"#{ord(letter)};" if letter in '"#<>&`[](){}|\\;' else letter for letter in text)
