"""``instar push`` and ``instar pull``: everything, or one artifact with its ancestry, between two stores."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from instar.cli.render import counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store.store import Store
    from instar.store.sync import Progress, Transfer

REMOTE = "INSTAR_REMOTE"


@command("push", example="instar push ../team")
@click.argument("target", required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would travel.")
def push(shell: Shell, target: str | None, dry_run: bool) -> None:
    """Bring everything that another store lacks to it: nodes, files, labels, metrics, with their whole history.

    TARGET is a folder, a postgresql:// address, or the http:// address of a server (else INSTAR_REMOTE). What it has
    already does not travel. An interrupted push goes on by the same command.
    """
    from instar.store.sync import push as send
    from instar.store.sync.plan import plan

    source, other = shell.store, _open(target)
    with _bar() as progress:
        moved = plan(source, other, progress=progress) if dry_run else send(source, other, progress)
    _answer(shell, moved, "would be pushed" if dry_run else "pushed", dry_run)


@command("pull", example="instar pull ../team movie-rating@1")
@click.argument("source", required=False)
@click.argument("what", required=False, default="")
@click.option("--dry-run", is_flag=True, help="Only say what would travel.")
@click.option("--trust/--no-trust", default=None, help="Whether code from there may run here; an admin's decision.")
def pull(shell: Shell, source: str | None, what: str, dry_run: bool, trust: bool | None) -> None:
    """Bring everything from another store, or only WHAT with all it came from and what is needed to use it.

    SOURCE is a folder, a postgresql:// address, or the http:// address of a server (else INSTAR_REMOTE). WHAT is an id or
    its beginning, NAME@NUMBER (as numbered there) or KIND:NAME. Code that comes from there (pickles, rules in SQL) does
    not run here unless a registered key signed it, or its store is trusted with --trust.
    """
    from instar.store.sync import pull as fetch
    from instar.store.sync.plan import plan
    from instar.store.trust import trust as vouch

    target, other = shell.new_store, _open(source)
    with _bar() as progress:
        if dry_run:
            moved = plan(other, target, what, shell.project if what else "", progress)
        else:
            moved = fetch(target, other, what, shell.project if what else "", progress)
    if trust is not None and not dry_run:
        vouch(target, other.id, trust)
    _answer(shell, moved, "would be pulled" if dry_run else "pulled", dry_run)


def _open(location: str | None) -> Store:
    from instar.store import open_store

    if not (location := location or os.environ.get(REMOTE)):
        raise click.UsageError(f"name the other store: a folder or an address, or set {REMOTE}")
    return open_store(location, create=False)


def _answer(shell: Shell, moved: Transfer, done: str, dry_run: bool) -> None:
    import msgspec

    lines = [f"{done}: {summary(moved)}", *moved.notes]
    if moved.deferred:
        lines.append(
            f"{counted(moved.deferred, 'label')} dated more than an hour ahead of the clock of {moved.target}: not "
            "accepted yet; they are sent again by the next push or pull. See whether the clock that wrote them is right"
        )
    shell.answer({**msgspec.to_builtins(moved), "dry_run": dry_run}, *lines)


def summary(moved: Transfer) -> str:
    """What travelled, in words.

    >>> from instar.store.sync import Transfer
    >>> summary(Transfer("a", "b", nodes=2, edges=1, blobs=1, bytes=2_500_000)), summary(Transfer("a", "b"))
    ('2 nodes, 1 edge, 1 blob (2.5 MB)', 'nothing was missing')
    """
    if moved.empty:
        return "nothing was missing"
    parts = [counted(moved.nodes, "node"), counted(moved.edges, "edge")]
    parts += [f"{counted(moved.blobs, 'blob')} ({size(moved.bytes)})"] if moved.blobs else []
    parts += [f"more about {counted(moved.added, 'node')}"] if moved.added else []
    parts += [counted(moved.labels, "label")] if moved.labels else []
    parts += [counted(moved.points, "point") + " of metrics"] if moved.points else []
    parts += [f"{size(moved.erased)} erased"] if moved.erased else []
    return ", ".join(parts)


def size(count: int) -> str:
    """Bytes for people.

    >>> size(999), size(2_500_000), size(31_000_000_000)
    ('999 B', '2.5 MB', '31 GB')
    """
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar of bytes, where somebody looks; how many there are is known page by page."""
    if not sys.stderr.isatty():
        yield lambda moved: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("0 nodes", total=None)

        def draw(moved: Transfer) -> None:
            words = f"{counted(moved.nodes, 'node')}, {counted(moved.labels, 'label')}"
            bar.update(task, description=words, completed=moved.bytes, total=moved.bytes_known or None)

        yield draw
