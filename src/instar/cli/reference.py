"""The reference of all commands, as Markdown: what ``docs/cli.md`` must say.

python -m instar.cli.reference > docs/cli.md
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from instar.cli.main import COMMANDS, SECTIONS, cli
from instar.cli.shell import HELP_NAMES

HEAD = """\
# The command line

Made by `python -m instar.cli.reference > docs/cli.md`; a test keeps it so.

The store is `--store`, else `INSTAR_STORE`, else the nearest `.instar/` upwards. The project is `--project`, else
`INSTAR_PROJECT`, else `default`. With `--json` a command answers with one JSON document, and an error is one too, on
standard error: `{"error": {"type", "message", "status"}}`. On a terminal tables and trees are drawn; elsewhere they are
plain text.
"""


def commands(command: click.Command, words: str = "instar") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words that call it; groups only lead to others."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, f"{words} {name} has no command"
            yield from commands(inner, f"{words} {name}")
    else:
        yield words, command


def markdown() -> str:
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(f"## {section}\n")
        for entry in COMMANDS.values():
            if entry.section == section:
                command = cli.get_command(click.Context(cli), entry.name)
                assert command is not None
                parts += [_page(words, each) for words, each in commands(command, f"instar {entry.name}")]
    return "\n".join(parts)


def _page(words: str, command: click.Command) -> str:
    context = click.Context(command, info_name=words, help_option_names=HELP_NAMES)
    context.terminal_width = context.max_content_width = 100
    return f"### {words}\n\n```\n{command.get_help(context).rstrip()}\n```\n"


if __name__ == "__main__":
    print(markdown(), end="")
