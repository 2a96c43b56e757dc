"""``instar check``."""

from __future__ import annotations

import sys

from instar.cli.render import counted
from instar.cli.shell import Shell, command


@command(
    "check",
    example="instar check",
    exits="Exit status: 0 everything is sound, 1 something is not (each problem is named) or an error, 2 wrong usage.",
)
def check(shell: Shell) -> None:
    """Check the whole store: ids against digests, the order of the lineage, every blob against its name.

    Reads every byte. Nothing is changed.
    """
    from instar.store.check import check as examine

    findings = examine(shell.store)
    counts = ", ".join(
        (counted(findings.nodes, "node"), counted(findings.edges, "edge"), counted(findings.blobs, "blob"))
    )
    data = {
        "clean": findings.clean,
        "nodes": findings.nodes,
        "edges": findings.edges,
        "blobs": findings.blobs,
        "problems": findings.problems,
    }
    verdict = "clean" if findings.clean else counted(len(findings.problems), "problem")
    shell.answer(data, *findings.problems, f"{counts}: {verdict}")
    if not findings.clean:
        sys.exit(1)
