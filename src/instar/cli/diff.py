"""``instar diff``: what makes two things differ."""

from __future__ import annotations

import click

from instar.cli.names import short
from instar.cli.render import Tree, counted
from instar.cli.shell import Shell, command


@command("diff", example="instar diff movie-rating@1 movie-rating")
@click.argument("a")
@click.argument("b")
def diff(shell: Shell, a: str, b: str) -> None:
    """Show where two models, runs or datasets part: the first ancestors that differ, and in what.

    Grouped as data, code, parameters, environment, preparation and seeds. A and B are ids or
    their beginnings, NAME@NUMBER or KIND:NAME.
    """
    from instar.store.provenance.diff import GROUPS
    from instar.store.provenance.diff import diff as compare

    found = compare(shell.store, a, b, shell.project)
    root = Tree(f"{a} ({short(found.a)}) and {b} ({short(found.b)})")
    root.below = [Tree(group, [Tree(str(change)) for change in found.of(group)]) for group in GROUPS if found.of(group)]
    if found.a == found.b:
        told = "they are one and the same"
    elif not found.changes:
        told = "both were made by equal steps from equal things"
    else:
        told = counted(len(found.changes), "difference")
    shell.answer(found, root, f"{told}; they share {counted(found.common, 'ancestor')}")
