"""``instar gc``."""

from __future__ import annotations

from datetime import timedelta

import click

from instar.base import clock
from instar.cli.parameters import Age
from instar.cli.progress import bar
from instar.cli.render import Table, counted
from instar.cli.shell import Shell, command


@command("gc", example="instar gc --dry-run")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("--grace", type=Age(), default="24h", show_default=True, help="Leave alone what was put or used since.")
@click.option("--now", is_flag=True, help="No grace: nobody else writes to the store now.")
def gc(shell: Shell, dry_run: bool, grace: timedelta, now: bool) -> None:
    """Remove the blobs that nothing refers to: of interrupted imports, erased ones, forgotten ones.

    Safe while others write: what they put or use is left alone for the grace period.
    """
    from instar.store.keeping.gc import collected

    seconds = 0.0 if now else grace.total_seconds()
    with bar("gc", "blobs") as progress:
        found = collected(shell.store, seconds, dry_run, progress)
    data = {
        "dry_run": dry_run,
        "freed": found.freed,
        "erased": found.erased,
        "kept": found.kept,
        "blobs": [{"digest": blob.digest, "size": blob.size, "touched": blob.touched} for blob in found.blobs],
    }
    said = f"{counted(len(found.blobs), 'blob')} {'would be ' if dry_run else ''}removed, {found.freed} bytes freed"
    rows = [[blob.digest, blob.size, clock.as_text(blob.touched)] for blob in found.blobs] if dry_run else []
    table = [Table(["blob", "bytes", "last used"], rows)] if rows else []
    shell.answer(data, *table, f"{said}; {found.kept} stay")
