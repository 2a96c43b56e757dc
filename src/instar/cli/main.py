"""``instar``: the table of commands, and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click

from instar.cli.shell import HELP

SECTIONS = ("Begin", "Prepare and train", "Approve", "Serve", "Ask", "Look after")


@dataclass(frozen=True)
class Entry:
    """A command of the first page: where it is, and what it does in one line. Its module is imported when it is used."""

    name: str
    module: str
    section: str
    line: str


COMMANDS = {
    entry.name: entry
    for entry in (
        Entry("tour", "tour", "Begin", "Go through the whole life cycle on real data, in about a minute."),
        Entry("init", "init", "Begin", "Make a store in this folder."),
        Entry("data", "data", "Prepare and train", "Import tables, list datasets, show what is in them."),
        Entry("prep", "prep", "Prepare and train", "List and show the steps of data preparation; fit and apply them."),
        Entry("run", "run", "Prepare and train", "Run a command as a tracked run."),
        Entry("runs", "runs", "Prepare and train", "List and show runs."),
        Entry("models", "models", "Approve", "List and show published models; revoke them."),
        Entry("homologate", "homologate", "Approve", "Run the gate on a model version: evidence to sign."),
        Entry("sign", "sign", "Approve", "Sign the evidence about a model version."),
        Entry("deploy", "deploy", "Serve", "Make model versions answer under a name."),
        Entry("undeploy", "deploy", "Serve", "Serve a name no longer."),
        Entry("deployments", "deployments", "Serve", "List what is live."),
        Entry("serve", "serve", "Serve", "Answer requests over HTTP."),
        Entry("up", "up", "Serve", "Give the store to others over HTTP, and serve what is live."),
        Entry("find", "find", "Ask", "Find anything by what is known about it."),
        Entry("sql", "sql", "Ask", "Ask in SQL over datasets."),
        Entry("why", "lineage", "Ask", "Show what something came from, down to the source files."),
        Entry("impact", "lineage", "Ask", "Show what came of something, up to live deployments."),
        Entry("push", "sync", "Look after", "Bring what another store lacks to it."),
        Entry("pull", "sync", "Look after", "Bring everything, or one thing with its ancestry, from another store."),
        Entry("rule", "rule", "Ask", "Keep questions under a name, and ask them."),
        Entry("note", "note", "Look after", "Note something about one thing or several."),
        Entry("diff", "diff", "Ask", "Show where two models, runs or datasets part."),
        Entry("label", "label", "Look after", "Tag, stage or note anything that is recorded."),
        Entry("audit", "audit", "Look after", "Show who changed what, when, from where."),
        Entry("invalidate", "invalidate", "Look after", "Say that something is wrong, and what it taints."),
        Entry("lift", "invalidate", "Look after", "Take back an invalidation, revocation or erasure."),
        Entry("erase", "erase", "Look after", "Erase something for good; that it was there stays on record."),
        Entry("gc", "gc", "Look after", "Remove the blobs that nothing refers to."),
        Entry("backup", "backup", "Look after", "Copy the store into a folder, while it is in use."),
        Entry("restore", "backup", "Look after", "Make a store from a backup."),
        Entry("check", "check", "Look after", "Check that everything in the store is what it says it is."),
        Entry("key", "key", "Look after", "Make signing keys; register, list and revoke public ones."),
        Entry("token", "token", "Look after", "Make, list and revoke the tokens of servers."),
    )
}

EXAMPLE = """\
instar tour
instar data import films.csv --name films
instar run baseline -- python train.py
instar find "model learner:LogisticRegression feature:Genre created:<7d by:me"
instar why movie-rating@1"""


class Commands(click.Group):
    """The first page: commands by section. Only the module of the command that is called is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (entry := COMMANDS.get(cmd_name)) is None:
            return None
        command: click.Command = getattr(import_module(f"instar.cli.{entry.module}"), entry.name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from instar.base.errors import suggestion

            ctx.fail(f"no command {args[0]!r}; {suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in SECTIONS:
            lines = [(entry.name, entry.line) for entry in COMMANDS.values() if entry.section == section]
            if lines:
                with formatter.section(section):
                    formatter.write_dl(lines)


@click.group(
    cls=Commands,
    epilog="\b\nExamples:\n"
    + "\n".join(f"  {line}" for line in EXAMPLE.splitlines())
    + "\n\n`instar COMMAND --help` explains each, with an example. Every command takes --json, --store and --project.",
    context_settings=HELP,
)
@click.version_option(package_name="instar", message="instar %(version)s")
def cli() -> None:
    """Instar manages the whole machine-learning life cycle: it prepares data, trains, approves and serves models, learns
    from what happens next, and can prove where everything came from."""


def main() -> None:
    cli(prog_name="instar")
