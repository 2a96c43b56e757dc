"""``instar check``."""

from __future__ import annotations

import sys

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
    counts = f"{findings.nodes} nodes, {findings.edges} edges, {findings.blobs} blobs"
    data = {
        "clean": findings.clean,
        "nodes": findings.nodes,
        "edges": findings.edges,
        "blobs": findings.blobs,
        "problems": findings.problems,
    }
    verdict = "clean" if findings.clean else f"{len(findings.problems)} problems"
    shell.answer(data, *findings.problems, f"{counts}: {verdict}")
    if not findings.clean:
        sys.exit(1)
