"""``instar homologate``: the gate of a model version."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from instar.cli.parameters import Pair
from instar.cli.render import Table
from instar.cli.render import plain as as_text
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from instar.models.evidence import Evidence

scope_option = click.option(
    "--scope",
    "scope",
    type=Pair("region=US"),
    multiple=True,
    metavar="KEY=VALUE",
    help="A context it is for; repeat for several values.",
)


@command(
    "homologate",
    example="instar homologate movie-rating@1",
    exits="Exit status: 0 all checks passed, 1 a check failed or says unknown (or an error), 2 wrong usage.",
)
@click.argument("version")
@scope_option
@click.option("--check", "checks", multiple=True, help="Only this check; may be repeated. What is left out is missing.")
@click.option("--save", type=click.Path(file_okay=False), help="Also write the evidence and its figures here.")
def homologate(
    shell: Shell, version: str, scope: tuple[tuple[str, str], ...], checks: tuple[str, ...], save: str | None
) -> None:
    """Run the gate on a model version, and record the evidence for a person to sign.

    VERSION is NAME@NUMBER, NAME (its newest), or an id. The checks read the record only: that the model loads and is
    what it says, that its lineage is complete, that nothing leaked from the rows it was evaluated on, that it beats the
    baseline, how fast it answers.
    """
    from instar.models.version import version as find_version

    found = find_version(version, shell.store, shell.project).homologate(scope_of(scope), checks or None)
    if save is not None:
        found.save(Path(save))
    shell.answer(
        {"version": str(found.version), "evidence": found.digest, "passed": found.passed, **plain(found.evidence)},
        Shown(str(found.version), found.digest, found.evidence),
    )
    if not found.passed:
        sys.exit(1)


@dataclass(frozen=True)
class Shown:
    """Evidence for a person: coloured by rich on a terminal, plain elsewhere, each with the next step."""

    version: str
    digest: str
    evidence: Evidence

    def __rich__(self) -> RenderableType:
        from instar.models.show import evidence_table

        return evidence_table(self.version, self.digest, self.evidence)

    def __str__(self) -> str:
        rows = [[check.name, check.verdict, check.text] for check in self.evidence.checks]
        table = Table(["check", "verdict", "evidence"], rows)
        return f"{self.version}, evidence {self.digest[:12]}, {self.evidence.judged}\n{as_text(table)}\n{self._next()}"

    def _next(self) -> str:
        if any(check.verdict == "failed" for check in self.evidence.checks):
            return "not passed, and what failed cannot be signed away: train a version that passes"
        if unknown := [check.name for check in self.evidence.checks if check.verdict == "unknown"]:
            accepted = " ".join(f"--except {name}" for name in unknown)
            return f"who accepts what is unknown signs it by name: instar sign {self.version} {accepted}"
        return f"next: instar sign {self.version}"


def plain(evidence: Evidence) -> dict[str, Any]:
    return {
        "scope": evidence.scope,
        "checks": [
            {"name": check.name, "verdict": check.verdict, "text": check.text, "facts": check.facts}
            for check in evidence.checks
        ],
    }


def scope_of(pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """``region=US`` twice with other values is a list of them.

    >>> scope_of((("region", "US"), ("region", "CA")))
    {'region': ['US', 'CA']}
    """
    scope: dict[str, Any] = {}
    for key, value in pairs:
        scope.setdefault(key, []).append(value)
    return scope
