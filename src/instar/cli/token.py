"""``instar token``: what servers let in."""

from __future__ import annotations

import click

from instar.base import clock
from instar.cli.render import Table
from instar.cli.shell import HELP, Shell, command

ROLES = ("viewer", "contributor", "approver", "admin")


@click.group(context_settings=HELP)
def token() -> None:
    """Make, list and revoke the tokens of servers."""


@command("new", example="instar token new ci --role contributor")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--all-projects", is_flag=True, help="For every project, and what is about the whole store.")
def new(shell: Shell, name: str, role: str, all_projects: bool) -> None:
    """Make a token for the project and show it, this once: only its sha-256 is kept."""
    from instar.serve.tokens import create_token

    project = "" if all_projects else shell.project
    secret = create_token(shell.new_store, name, role, project)
    shell.answer(
        {"name": name, "role": role, "project": project, "token": secret},
        f"token {name} ({role}, {f'project {project}' if project else 'all projects'}), shown only now:",
        secret,
    )


@command("list", example="instar token list")
def list_(shell: Shell) -> None:
    """List all tokens, without their secrets."""
    found = shell.store.access.tokens()
    rows = [
        [each.name, each.role, each.project, clock.as_text(each.created_at), clock.as_text(each.revoked_at)]
        for each in found
    ]
    columns = ["name", "role", "project", "created", "revoked"]
    data = [
        {
            "name": each.name,
            "role": each.role,
            "project": each.project,
            "created_at": each.created_at,
            "revoked_at": each.revoked_at,
        }
        for each in found
    ]
    shell.answer(data, Table(columns, rows, empty="no tokens"))


@command("revoke", example="instar token revoke ci")
@click.argument("name")
def revoke(shell: Shell, name: str) -> None:
    """Refuse a token from now on; running servers notice within 5 seconds."""
    shell.store.access.revoke_token(name)
    shell.answer({"name": name, "revoked": True}, f"token {name} is revoked")


for each in (new, list_, revoke):
    token.add_command(each)
