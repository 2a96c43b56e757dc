"""``instar key``: who can sign."""

from __future__ import annotations

import sys

import click

from instar.base import clock
from instar.base.errors import Conflict
from instar.cli.render import Table
from instar.cli.shell import HELP, Shell, command

EXAMPLE_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # of RFC 8032, 7.1, test 1


@click.group(context_settings=HELP)
def key() -> None:
    """Make signing keys; register, list and revoke public ones."""


@command("new", example="instar key new --register")
@click.option("--owner", help="Whose key it is (else you).")
@click.option("--register", is_flag=True, help="Also let its signatures count in this store.")
@click.option("--passphrase", "with_passphrase", is_flag=True, help="Seal it: asks for a passphrase.")
def new(shell: Shell, owner: str | None, register: bool, with_passphrase: bool) -> None:
    """Make a signing key (Ed25519) in a private file of yours.

    Signatures count in a store only once its public half is registered there: --register, or `instar key add`.
    When there is a key already, --register registers that one.
    """
    from instar.models.keys import create_key, is_sealed, open_key, register_key

    secret = passphrase(confirm=True) if with_passphrase else ""
    try:
        made, kept = create_key(owner, secret), ""
    except Conflict:
        if not register:
            raise
        made, kept = open_key(owner, secret or (passphrase() if is_sealed(owner) else "")), " was there already"
    if register:
        register_key(shell.new_store.access, made.owner, made.public)
    shell.answer(
        {"id": made.id, "owner": made.owner, "public": made.public, "registered": register, "new": not kept},
        f"key {made.id} of {made.owner}{kept}",
        f"public half {made.public}",
        "registered in this store" if register else f"next: instar key add {made.owner} {made.public}",
    )


@command("show", example="instar key show")
@click.option("--owner", help="Whose key (else yours).")
def show(shell: Shell, owner: str | None) -> None:
    """Show the public half of a key on this machine, to be registered by an admin."""
    from instar.models.keys import is_sealed, open_key

    found = open_key(owner, passphrase() if is_sealed(owner) else "")
    shell.answer({"id": found.id, "owner": found.owner, "public": found.public}, found.public)


@command("add", example=f"instar key add eva {EXAMPLE_KEY}")
@click.argument("owner")
@click.argument("public")
def add(shell: Shell, owner: str, public: str) -> None:
    """Let the signatures of a key count in this store. PUBLIC is what `instar key show` printed for OWNER."""
    from instar.models.keys import register_key

    added = register_key(shell.new_store.access, owner, public)
    shell.answer({"id": added.id, "owner": added.owner}, f"key {added.id} of {added.owner} is registered")


@command("list", example="instar key list")
def list_(shell: Shell) -> None:
    """List the keys that are registered in this store."""
    found = shell.store.access.keys()
    data = [
        {
            "id": each.id,
            "owner": each.owner,
            "public": each.public,
            "registered_at": each.registered_at,
            "registered_by": each.registered_by,
            "revoked_at": each.revoked_at,
        }
        for each in found
    ]
    rows = [
        [each.id, each.owner, clock.as_text(each.registered_at), each.registered_by, clock.as_text(each.revoked_at)]
        for each in found
    ]
    shell.answer(data, Table(["id", "owner", "registered", "by", "revoked"], rows, empty="no keys"))


@command("revoke", example="instar key revoke 21fe31dfa154a261626bf854046fd227")
@click.argument("id")
def revoke(shell: Shell, id: str) -> None:
    """Let a key's signatures count for nothing from now on, those already made included."""
    shell.store.access.revoke_key(id)
    shell.answer({"id": id, "revoked": True}, f"key {id} is revoked")


for each in (new, show, add, list_, revoke):
    key.add_command(each)


def passphrase(confirm: bool = False) -> str:
    """Ask on a terminal; elsewhere the first line of standard input."""
    if sys.stdin.isatty():
        answer: str = click.prompt("passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
        return answer
    return sys.stdin.readline().rstrip("\n")
