"""The frame of a page that stands alone: one HTML file with its style, without scripts and other files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from instar.data.charts.chart import Chart

STYLE = """
:root{color-scheme:light dark;--ground:#fff;--card:#f7f8fa;--ink:#1d2126;--soft:#5d6570;--rule:#dfe3e8;--warn:#9a5b00;
--accent:#2a6fb0}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1b1f25;--ink:#e3e7ec;--soft:#98a1ad;--rule:#2f353d;
--warn:#e3a64a;--accent:#74b0ea}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 60px}
h1{font-size:28px;margin:0}h2{font-size:19px;margin:40px 0 12px}h3{font-size:16px;margin:0;overflow-wrap:anywhere}
p{margin:6px 0}a{color:var(--accent)}.soft{color:var(--soft)}code{font-size:.92em;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:8px 28px;margin:14px 0 0;padding:0;list-style:none}
.facts b{font-size:20px;display:block}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13.5px;width:100%}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.kind{color:var(--warn);white-space:nowrap;font-weight:600}
.bars{font-family:ui-monospace,monospace;letter-spacing:-1px;color:var(--accent);white-space:pre}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px 18px;margin:0 0 14px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));gap:8px 18px;margin-top:10px}
.chart{display:block}figure{margin:0;min-width:0}
details{margin-top:2px;font-size:13px}summary{cursor:pointer;color:var(--soft)}
@media print{main{max-width:none;padding:0}.card,figure,tr{break-inside:avoid}details:not([open]){display:none}}
"""


def page(title: str, *parts: str) -> str:
    """The whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def framed(html: str, height: int = 640) -> str:
    """A page inside another, such as a notebook: neither changes the other's style."""
    return f'<iframe srcdoc="{escape(html)}" style="width:100%;height:{height}px;border:0" title="page"></iframe>'


def heading(title: str, under: str, facts: Sequence[tuple[str, str]]) -> str:
    """The title of a page and its greatest figures, as (figure, what it is)."""
    found = "".join(f"<li><b>{escape(figure)}</b><span class=soft>{escape(name)}</span></li>" for figure, name in facts)
    return f"<h1>{escape(title)}</h1><p class=soft>{escape(under)}</p><ul class=facts>{found}</ul>"


def section(title: str, *parts: str) -> str:
    """Parts below a title; nothing where there are none."""
    inside = "\n".join(part for part in parts if part)
    return f"<section><h2>{escape(title)}</h2>\n{inside}</section>" if inside else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = (), kind: int = -1) -> str:
    """A table. right : columns of figures;  kind : the column of words that warn"""
    to_right = set(right)
    classes = [' class="n"' if at in to_right else ' class="kind"' if at == kind else "" for at in range(len(head))]
    heads = [' class="n"' if at in to_right else "" for at in range(len(head))]
    top = "".join(f"<th{mark}>{escape(name)}</th>" for name, mark in zip(head, heads))
    body = "".join(
        "<tr>" + "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(row, classes)) + "</tr>" for row in rows
    )
    return f"<div class=scroll><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def figure(chart: Chart) -> str:
    """A chart, and its figures as a table for who cannot see it."""
    if not chart.table:
        return f"<figure>{chart.svg}</figure>"
    head, *rows = chart.table
    right = range(1, len(head)) if len(head) > 1 else ()
    inside = table(head, ([escape(cell) for cell in row] for row in rows), right)
    return f"<figure>{chart.svg}<details><summary>Figures</summary>{inside}</details></figure>"


def anchor(name: str) -> str:
    """What a link to the part about ``name`` is called: letters and digits of its UTF-8, so that any name has one.

    >>> anchor("IMDb votes")
    'c-IMDb_20votes'
    """
    return "c-" + "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"_{byte:02x}" for byte in name.encode("utf-8", "replace")
    )
