"""``instar rule``: questions that are asked again and again, under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from instar.base import clock
from instar.base.errors import BadInput
from instar.cli.names import described, short
from instar.cli.render import Table
from instar.cli.shell import HELP, Shell, command

if TYPE_CHECKING:
    from instar.store.find.rules import Rule


@click.group(context_settings=HELP)
def rule() -> None:
    """Keep questions under a name, and ask them."""


@command(
    "add",
    example='instar rule add cheap "run param.lr=:lr metric.loss<0.5" --note "runs with this rate that went well"',
)
@click.argument("name")
@click.argument("text")
@click.option("--note", default="", help="What it answers.")
def add(shell: Shell, name: str, text: str, note: str) -> None:
    """Keep a question under NAME: a find, or one SELECT in SQL (WITH RECURSIVE included) on the store's own tables.

    A parameter is written :x, and in SQL one whose name ends in id gets the whole id of what is named. A new TEXT is a new
    version.
    """
    from instar.store.find import rules

    made = rules.add(shell.store, name, text, note, shell.project)
    shell.answer(made, f"rule {made.name}@{made.number}; ask it with `instar rule run {made.name}{_wanted(made)}`")


@command("list", example="instar rule list")
def list_(shell: Shell) -> None:
    """List the rules of the project, and those that come with Instar."""
    from instar.store.find import rules

    found = rules.rules(shell.store, shell.project)
    rows = [[each.name, each.language, " ".join(each.parameters), each.by or "Instar", each.note] for each in found]
    shell.answer(found, Table(["rule", "language", "parameters", "by", "answers"], rows))


@command("show", example="instar rule show live-deployments-that-depend-on")
@click.argument("name")
def show(shell: Shell, name: str) -> None:
    """Show what a rule asks. NAME may be NAME@NUMBER."""
    from instar.store.find import rules

    found = rules.rule(shell.store, name, shell.project)
    made = (
        f"version {found.number} by {found.by}, {clock.as_text(found.created_at)}" if found.id else "comes with Instar"
    )
    shell.answer(
        found, *(line for line in (f"rule {found.name}, {found.language}, {made}", found.note, found.text) if line)
    )


@command("run", example="instar rule run live-deployments-that-depend-on x=omdb")
@click.argument("name")
@click.argument("parameters", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--limit", default=1000, show_default=True, help="At most so many.")
@click.option("--trust", is_flag=True, help="Also run one in SQL that came from elsewhere. Look at it first.")
def run(shell: Shell, name: str, parameters: tuple[str, ...], limit: int, trust: bool) -> None:
    """Ask a rule. A rule with one parameter takes its value alone, too; a thing is named by id, name or NAME@NUMBER."""
    from instar.store.find import rules

    store = shell.store
    asked = rules.rule(store, name, shell.project)
    answer = rules.ask(store, name, _given(asked, parameters), limit, trust, shell.project)
    if answer.rows is None:
        found = described(store, answer.nodes)
        rows: list[list[Any]] = [[short(each["id"]), each["kind"], each["name"], each["created"]] for each in found]
        shell.answer(found, Table(["id", "kind", "name", "created"], rows, empty="nothing found"))
        return
    columns = answer.rows.columns
    rows = [
        [short(str(value)) if column == "id" else value for column, value in zip(columns, row)]
        for row in answer.rows.rows
    ]
    left = [f"and more; --limit {2 * limit} shows some of them"] if answer.rows.more else []
    data = {"rows": [dict(zip(columns, row)) for row in answer.rows.rows], "more": answer.rows.more}
    shell.answer(data, Table(columns, rows, empty="nothing found"), *left)


@command("remove", example="instar rule remove cheap")
@click.argument("name")
def remove(shell: Shell, name: str) -> None:
    """Ask a rule no more. Its versions stay on record."""
    from instar.store.find import rules

    rules.remove(shell.store, name, shell.project)
    shell.answer(
        {"name": name, "removed": True}, f"rule {name} is removed; `instar rule add {name} ...` brings it back"
    )


def _given(asked: Rule, parameters: tuple[str, ...]) -> dict[str, str]:
    if len(parameters) == len(asked.parameters) == 1 and "=" not in parameters[0]:
        return {asked.parameters[0]: parameters[0]}
    for each in parameters:
        if "=" not in each:
            raise BadInput(f"{each!r} is no PARAMETER=VALUE; `instar rule run {asked.name}{_wanted(asked)}`")
    return {key: value for key, _, value in (each.partition("=") for each in parameters)}


def _wanted(asked: Rule) -> str:
    return "".join(f" {each}=..." for each in asked.parameters)


for each in (add, list_, show, run, remove):
    rule.add_command(each)
