"""``instar backup`` and ``instar restore``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from instar.base import clock
from instar.base.settings import STORE_FOLDER
from instar.cli.progress import bar
from instar.cli.render import counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store.keeping.backup import Backup


@command(
    "backup",
    example="instar backup ../backup",
    exits="Exit status: 0 done, 1 the store itself lacks bytes (the backup has all else) or an error, 2 wrong usage.",
)
@click.argument("to", type=click.Path(file_okay=False, path_type=Path))
def backup(shell: Shell, to: Path) -> None:
    """Copy the store into the folder TO, while it is in use.

    Where a backup of this store lies there already, only what is new is copied. An interrupted backup leaves
    the one before it; make it again.
    """
    from instar.store.keeping.backup import backup as make

    with bar("backup", "blobs") as progress:
        made = make(shell.store, to, progress)
    told = f"{counted(made.blobs, 'blob')}, {made.copied} of them new, {made.freed} old ones removed"
    shell.answer(plain(made), *made.missing, f"backup of {made.location} in {to}: {told}")
    if made.missing:
        sys.exit(1)


@command("restore", example="instar restore ../backup --store ../restored")
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="BACKUP")
def restore(shell: Shell, source: Path) -> None:
    """Make a store from a backup; every byte is checked. --store names its folder, which must be new or empty.

    What is restored is a store of its own: it has a new id, so that others pull from it anew.
    """
    from instar.store.keeping.backup import restore as make

    folder = Path(shell.location or STORE_FOLDER)
    with bar("restore", "blobs") as progress:
        said = make(source, folder, progress)
    told = f"as it was on {clock.as_text(said.at)}, {counted(said.blobs, 'blob')}"
    shell.answer(plain(said) | {"folder": str(folder)}, f"store {folder}: {told}")


def plain(said: Backup) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__}
