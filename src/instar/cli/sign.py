"""``instar sign``: a person's signature under the evidence."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from instar.base import clock
from instar.cli.homologate import scope_of, scope_option
from instar.cli.parameters import Age
from instar.cli.shell import Shell, command


@command(
    "sign",
    example="instar sign movie-rating@1 --expires 90d",
    exits="Exit status: 0 signed, and homologated if it was an approval; 1 signed and not homologated (the reason is "
    "said), or an error; 2 wrong usage.",
)
@click.argument("version")
@click.option("--reject", is_flag=True, help="Sign that it must not be used.")
@scope_option
@click.option("--expires", type=Age(), metavar="AGE", help="For how long it counts, such as 90d (h, d, w).")
@click.option("--except", "exceptions", multiple=True, metavar="CHECK", help="Accept that this check says unknown.")
@click.option("--owner", help="Whose key signs (else yours).")
def sign(
    shell: Shell,
    version: str,
    reject: bool,
    scope: tuple[tuple[str, str], ...],
    expires: timedelta | None,
    exceptions: tuple[str, ...],
    owner: str | None,
) -> None:
    """Sign the newest evidence about a model version with your key (`instar key new` makes one).

    Read it first: `instar models evidence VERSION`. Evidence with a failed check cannot be approved; a check
    that says unknown is accepted by name with --except.
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
        expires=expires,
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
    if not (standing or reject):
        sys.exit(1)
