"""``instar init``."""

from __future__ import annotations

import click

from instar.cli.shell import Shell, command


@command("init", example="instar init")
@click.argument("folder", required=False, type=click.Path(file_okay=False))
def init(shell: Shell, folder: str | None) -> None:
    """Make a store: a folder .instar/ here, or in FOLDER.

    Everything is kept in it: a SQLite database and files by digest. The other commands find it from any folder below.
    Where there is one already, nothing changes.
    """
    from pathlib import Path

    from instar.base.settings import STORE_FOLDER
    from instar.store import open_store

    place = shell.location or str(Path(folder or ".") / STORE_FOLDER)
    store = open_store(place)
    shell.answer(
        {"store": store.location, "project": shell.project},
        f"store    {store.location}",
        f"project  {shell.project}",
        "next     instar data import FILE --name NAME, or instar tour",
    )
