"""``instar check``."""

from __future__ import annotations

import sys

import click

from instar.cli.progress import bar
from instar.cli.render import counted
from instar.cli.shell import Shell, command


@command(
    "check",
    example="instar check",
    exits="Exit status: 0 everything is sound, 1 something is not (each problem is named) or an error, 2 wrong usage.",
)
@click.option("--repair", metavar="STORE", help="Take good copies of damaged or missing blobs from this store.")
def check(shell: Shell, repair: str | None) -> None:
    """Check the whole store: ids against digests, the order of the lineage, every blob against its name.

    Reads every byte. Nothing is changed, but for blobs that --repair takes from another store, a folder or a URL.
    """
    from instar.store import open_store
    from instar.store.keeping.check import check as examine

    source = open_store(repair, create=False) if repair is not None else None
    with bar("check", "blobs") as progress:
        findings = examine(shell.store, progress, source)
    counts = ", ".join(
        (counted(findings.nodes, "node"), counted(findings.edges, "edge"), counted(findings.blobs, "blob"))
    )
    data = {
        "clean": findings.clean,
        "nodes": findings.nodes,
        "edges": findings.edges,
        "blobs": findings.blobs,
        "problems": findings.problems,
        "warnings": findings.warnings,
        "repaired": findings.repaired,
    }
    told = [*findings.repaired, *(f"warning: {each}" for each in findings.warnings), *findings.problems]
    verdict = "clean" if findings.clean else counted(len(findings.problems), "problem")
    shell.answer(data, *told, f"{counts}: {verdict}")
    if not findings.clean:
        sys.exit(1)
