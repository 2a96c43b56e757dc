"""``instar audit``: who changed what may be done."""

from __future__ import annotations

import click

from instar.base import clock
from instar.cli.names import short
from instar.cli.render import Table
from instar.cli.shell import Shell, command


@command("audit", example="instar audit --limit 20")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
def audit(shell: Shell, limit: int) -> None:
    """Show who made and revoked keys and tokens, and deployed what; newest first."""
    found = shell.store.access.audited(limit)
    rows = [[clock.as_text(entry.at), entry.action, named(entry.subject), entry.by, entry.detail] for entry in found]
    shell.answer(found, Table(["at", "action", "subject", "by", "detail"], rows, empty="nothing was changed yet"))


def named(subject: str) -> str:
    return short(subject) if len(subject) == 32 else subject
