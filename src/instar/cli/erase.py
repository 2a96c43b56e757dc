"""``instar erase``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from instar.cli.names import described, short
from instar.cli.render import counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store.keeping.erasure import Erasure


@command("erase", example='instar erase films.csv --reason "a person asked for it" --derived --dry-run')
@click.argument("what")
@click.option("--reason", required=True, help="Why. It is shown to whoever asks for it later.")
@click.option(
    "--rows", "--where", "rows", metavar="SQL", help="Only these rows of a dataset, such as \"Name = 'Ana'\"."
)
@click.option("--columns", metavar="NAMES", help="Only these columns of a dataset, such as name,email.")
@click.option("--derived", is_flag=True, help="Also what came from it: summaries, models, reports, kept rows.")
@click.option("--everywhere", is_flag=True, help="From all projects, not only from this one.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
def erase(
    shell: Shell,
    what: str,
    reason: str,
    rows: str | None,
    columns: str | None,
    derived: bool,
    everywhere: bool,
    dry_run: bool,
) -> None:
    """Erase the bytes of something for good; that it was there, who erased it and why stays on record.

    WHAT is an id or its beginning, NAME@NUMBER, KIND:NAME, the name of an imported file, or a dataset when
    --rows or --columns say what of it. The bytes go when no other project has a claim on them. It cannot be
    imported again into the project until `instar lift` names the erasure.
    """
    if rows is not None or columns:
        from instar.data.datasets.erasing import erase_from

        named = tuple(each.strip() for each in (columns or "").split(",") if each.strip())
        cleaned = erase_from(
            what,
            reason,
            rows,
            named,
            derived=derived,
            everywhere=everywhere,
            dry_run=dry_run,
            store=shell.store,
            project=shell.project,
        )
        said = f"dataset {cleaned.name}: {counted(cleaned.rows, 'row')}, {counted(len(named), 'column')}"
        after = "would go" if dry_run else f"went; {cleaned.name}@{cleaned.number} has the rest"
        data = {"dataset": cleaned.name, "version": cleaned.number, "rows": cleaned.rows, "columns": list(named)}
        shell.answer({**data, **plain(cleaned.erasure)}, f"{said} {after}", *lines(shell, cleaned.erasure, derived))
        return
    from instar.store.keeping.erasure import erase as erase_it

    found = erase_it(shell.store, what, reason, shell.project, derived, everywhere, dry_run)
    shell.answer(plain(found), *lines(shell, found, derived))


def plain(found: Erasure) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def lines(shell: Shell, found: Erasure, derived: bool) -> list[str]:
    """What was done, what stays and why, and what is left of it elsewhere."""
    done = "erased" if found.event else "would be erased"
    told = [f"{counted(len(found.erased), 'thing')} {done}: {counted(found.blobs, 'blob')}, {found.freed} bytes freed"]
    if found.kept:
        told.append(
            f"  the bytes of {counted(len(found.kept), 'thing')} stay: another project has them too (--everywhere)"
        )
    if found.shared:
        told.append(f"  {counted(len(found.shared), 'part')} stay: something else in this project is made of them too")
    if found.derived and not derived:
        told.append(
            f"  it lives on in {counted(len(found.derived), 'thing')} that came from it (--derived erases them):"
        )
        nodes = described(shell.store, shell.store.nodes.get(found.derived[:20]))
        told += [f"    {node['kind'].replace('_', ' ')} {node['name']} {short(node['id'])}" for node in nodes]
    if found.deployments:
        named = ", ".join(node["name"] for node in described(shell.store, shell.store.nodes.get(found.deployments)))
        told.append(f"  live and learned from it: {named}")
    if found.event:
        told.append(f"`instar lift {short(found.event)} --reason ...` allows it to be imported again")
    return told
