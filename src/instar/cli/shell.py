"""What every command shares: its options, its store and project, its answer, its errors."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from instar.base.errors import InstarError
from instar.base.settings import project_setting
from instar.cli.failures import explained
from instar.cli.render import draw

if TYPE_CHECKING:
    from instar.store.store import Store

P = ParamSpec("P")
INTERRUPTED = 130  # as a shell says that SIGINT ended a command
HELP_NAMES = ["-h", "--help"]
HELP = {"help_option_names": HELP_NAMES}
EXITS = "Exit status: 0 done, 1 an error that is named on standard error, 2 wrong usage."


@dataclass
class Shell:
    """One call of a command: which store and project it works on, and how it answers."""

    location: str | None
    given_project: str | None
    as_json: bool

    @property
    def project(self) -> str:
        return project_setting(self.given_project)

    @property
    def store(self) -> Store:
        """The store, which must exist. Runs that died since the last look are closed first."""
        return self._open(create=False)

    @property
    def new_store(self) -> Store:
        """The store, made if there is none: for commands that begin something."""
        return self._open(create=True)

    def answer(self, data: Any, *parts: object) -> None:
        """Print ``data`` as one JSON document, or ``parts`` for a person (see ``instar.cli.render.draw``)."""
        if self.as_json:
            print(to_json(data))
        else:
            draw(*parts)

    def _open(self, create: bool) -> Store:
        from instar.store import open_store
        from instar.track.sweep import sweep

        store = open_store(self.location, create=create)
        sweep(store)
        return store


class Command(click.Command):
    """A command with an example; ``example`` is run by a test, in order of definition."""

    example: str = ""


def command(
    name: str, example: str, exits: str = EXITS, cls: type[Command] = Command
) -> Callable[[Callable[Concatenate[Shell, P], None]], Command]:
    """Make a function a command: it gets the Shell first, then its own options and arguments.

    Its docstring is its help; its errors, and those of the machine, become a message and an exit status.
    """

    def wrap(function: Callable[Concatenate[Shell, P], None]) -> Command:
        @functools.wraps(function)
        def call(location: str | None, given_project: str | None, as_json: bool, *args: Any, **named: Any) -> None:
            try:
                function(Shell(location, given_project, as_json), *args, **named)
            except KeyboardInterrupt:
                print("instar: interrupted", file=sys.stderr)
                sys.exit(INTERRUPTED)
            except (click.ClickException, click.Abort):
                raise
            except Exception as error:
                if (known := explained(error)) is None:
                    raise
                sys.exit(report(known, as_json))

        epilog = f"\b\nExample:\n{indented(example)}\n\n{exits}"
        made = click.command(name, cls=cls, epilog=epilog, context_settings=HELP)(_common(call))
        made.example = example
        return made

    return wrap


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _common(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document."),
        click.option("--project", "given_project", metavar="NAME", help="Work in this project (else INSTAR_PROJECT)."),
        click.option("--store", "location", metavar="STORE", help="Use this store (else INSTAR_STORE, or .instar/)."),
    ):
        function = option(function)
    return function


def report(error: InstarError, as_json: bool) -> int:
    """Say an error on standard error, and return the exit status it calls for."""
    if as_json:
        body = {"error": {"type": type(error).__name__, "message": str(error), "status": error.status}}
        print(to_json(body), file=sys.stderr)
    else:
        print(f"instar: {error}", file=sys.stderr)
    return error.exit_status


def to_json(data: Any) -> str:
    """One document, indented; numbers that JSON cannot say (NaN, infinities) become null."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
