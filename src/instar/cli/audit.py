"""``instar audit``: who changed what, when, from where."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from instar.base import clock
from instar.cli.moments import When
from instar.cli.names import short
from instar.cli.render import Table, counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store import Store
    from instar.store.records import Audited

_PAGE = 1000
_COLUMNS = ("seq", "at", "action", "subject", "by", "origin", "detail")


@command("audit", example="instar audit --limit 20")
@click.option("--by", default="", help="Only of this person.")
@click.option("--action", default="", help="Only this action, or those that begin with it: key, key.add, deploy.")
@click.option("--subject", default="", help="Only about this: an id or its beginning, a name, a token.")
@click.option("--since", type=When(), help="Only then or later, such as 2026-11-20.")
@click.option("--until", type=When(), help="Only until then.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@click.option("--before", type=click.IntRange(min=1), help="The next page: only with a smaller number than this.")
@click.option("--export", "form", type=click.Choice(["csv", "jsonl"]), help="All of it in this form, whatever --limit.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the export to this file.")
def audit(
    shell: Shell,
    by: str,
    action: str,
    subject: str,
    since: int | None,
    until: int | None,
    limit: int,
    before: int | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Show who made and revoked keys and tokens, deployed what, and changed what over HTTP; newest first.

    `from` says which token really sent it and from where, beside who it claims to be.
    """
    if output is not None and form is None:
        raise click.UsageError("--output needs --export csv or --export jsonl")
    store = shell.store
    about = _subject(store, subject, shell.project)
    if form is None:
        show(shell, store.access.audited(limit, by, action, about, since, until, before), limit)
    else:
        entries = list(_all(store, by, action, about, since, until, before))
        write(shell, entries, as_csv(entries) if form == "csv" else as_lines(entries), output)


def show(shell: Shell, found: list[Audited], limit: int) -> None:
    """One page, and how to get the next one."""
    rows = [
        [each.seq, clock.as_text(each.at), each.action, named(each.subject), each.by, each.origin, each.detail]
        for each in found
    ]
    columns = ["number", "at", "action", "subject", "by", "from", "detail"]
    more = [f"for older ones add --before {found[-1].seq}"] if len(found) == limit else []
    shell.answer(found, Table(columns, rows, empty="nothing was changed yet"), *more)


def write(shell: Shell, entries: list[Audited], text: str, output: Path | None) -> None:
    """The export, to a file or to standard output."""
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
        data = {"written": str(output), "entries": len(entries)}
        shell.answer(data, f"{counted(len(entries), 'change')} in {output}")


def _all(
    store: Store, by: str, action: str, subject: str, since: int | None, until: int | None, before: int | None
) -> Iterator[Audited]:
    """Every page, one after the other."""
    while page := store.access.audited(_PAGE, by, action, subject, since, until, before):
        yield from page
        before = page[-1].seq


def as_csv(entries: list[Audited]) -> str:
    """A table with a head; times as text in UTC. What a spreadsheet would take for a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for each in entries:
        cells = (each.action, each.subject, each.by, each.origin, each.detail)
        writer.writerow((each.seq, clock.as_text(each.at), *map(_plain, cells)))
    return text.getvalue()


def _plain(cell: str) -> str:
    """
    >>> _plain("=1+1")
    "'=1+1"
    """
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def as_lines(entries: list[Audited]) -> str:
    """One JSON document a line."""
    import msgspec

    return "".join(f"{msgspec.json.encode(each).decode()}\n" for each in entries)


def _subject(store: Store, text: str, project: str) -> str:
    """The whole id when it is an id or the name of something recorded; else the text itself, such as a token's name."""
    from instar.base.errors import NotFound

    if not text or re.fullmatch(r"[0-9a-f]{32,}", text):
        return text
    try:
        return store.nodes.resolve(text, project)
    except NotFound:
        return text


def named(subject: str) -> str:
    return short(subject) if len(subject) == 32 else subject
