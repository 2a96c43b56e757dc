"""``instar homologate`` and ``instar sign``."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from instar.base import clock
from instar.base.errors import BadInput
from instar.cli.render import Table
from instar.cli.render import plain as as_text
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from instar.models.evidence import Evidence

_AGE = re.compile(r"(\d+)([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
scope_option = click.option(
    "--scope", "scope", multiple=True, metavar="KEY=VALUE", help="A context it is for; repeat for several values."
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
def homologate(shell: Shell, version: str, scope: tuple[str, ...], checks: tuple[str, ...], save: str | None) -> None:
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


@command("sign", example="instar sign movie-rating@1 --expires 90d")
@click.argument("version")
@click.option("--reject", is_flag=True, help="Sign that it must not be used.")
@scope_option
@click.option("--expires", metavar="AGE", help="For how long it counts, such as 90d (h, d, w).")
@click.option("--except", "exceptions", multiple=True, metavar="CHECK", help="Accept that this check says unknown.")
@click.option("--owner", help="Whose key signs (else yours).")
def sign(
    shell: Shell,
    version: str,
    reject: bool,
    scope: tuple[str, ...],
    expires: str | None,
    exceptions: tuple[str, ...],
    owner: str | None,
) -> None:
    """Sign the newest evidence about a model version with your key (`instar key new` makes one).

    Read it first: `instar models evidence VERSION`. A check that failed cannot be signed away; one that says unknown is
    accepted by name with --except.
    """
    from instar.cli.key import passphrase
    from instar.models.keys import is_sealed, open_key
    from instar.models.signing import sign as put_signature
    from instar.models.version import version as find_version

    found = find_version(version, shell.store, shell.project)
    key = open_key(owner, passphrase() if is_sealed(owner) else "")
    signed = put_signature(
        found,
        key,
        verdict="rejected" if reject else "approved",
        scope=scope_of(scope) or None,
        expires=None if expires is None else duration(expires),
        exceptions=exceptions,
    )
    standing = found.is_homologated()
    data = {
        "id": signed.id,
        "version": str(found),
        "evidence": signed.evidence,
        "verdict": signed.verdict,
        "by": signed.by,
        "expires": signed.expires,
        "homologated": bool(standing),
        "reasons": list(standing.reasons),
    }
    until = f" until {clock.as_text(signed.expires)}" if signed.expires else ""
    shell.answer(data, f"{signed.verdict} by {signed.by}{until}: signature {signed.id}", str(standing))


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
        return f"{self.version}, evidence {self.digest[:12]}\n{as_text(table)}\n{self._next()}"

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


def scope_of(texts: tuple[str, ...]) -> dict[str, Any]:
    """``region=US`` twice with other values is a list of them."""
    scope: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadInput(f"--scope {text!r}: give KEY=VALUE, such as region=US")
        scope.setdefault(key, []).append(value)
    return scope


def duration(text: str) -> timedelta:
    """A length of time.

    >>> duration("90d")
    datetime.timedelta(days=90)
    """
    if not (match := _AGE.fullmatch(text)):
        raise BadInput(f"--expires {text!r}: give a number and a unit, such as 90d (h hours, d days, w weeks)")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
