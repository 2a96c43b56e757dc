"""``instar run``: a command as a tracked run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

import click

from instar.base.errors import BadInput, NotFound
from instar.cli.parameters import Pair
from instar.cli.render import shortened
from instar.cli.shell import Command, Shell, command

EXITS = "Exit status: that of the command; 1 when it could not be started, 2 wrong usage."


class Run(Command):
    """Knows that the name was forgotten: else ``instar run -- python train.py`` would call the run "python"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            given, _, _ = self.make_parser(ctx).parse_args(args[:at])
            if not isinstance(given.get("name"), str) and not given.get("help"):
                words = " ".join(args[at + 1 :]) or "COMMAND"
                ctx.fail(
                    f"the name of the run is missing; put it before --, such as: instar run NAME -- {shortened(words)}"
                )
        return super().parse_args(ctx, args)


@command("run", example="instar run baseline --param lr=0.1 -- python train.py", exits=EXITS, cls=Run)
@click.argument("name")
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND...")
@click.option("--experiment", help="Put the run into this experiment.")
@click.option(
    "--param",
    "params",
    type=Pair("lr=0.1"),
    multiple=True,
    metavar="KEY=VALUE",
    help="Record a parameter; may be repeated.",
)
def run(
    shell: Shell, name: str, words: tuple[str, ...], experiment: str | None, params: tuple[tuple[str, str], ...]
) -> None:
    """Run a command as a tracked run.

    The run keeps the command, the code and environment, how long it took, and what it printed (output.log); it fails
    when the command does. Runs that the command itself makes with instar.run lie inside this one.
    """
    from instar.track.run import PARENT
    from instar.track.run import run as track

    store = shell.new_store
    tracked = track(name, experiment, store, shell.given_project).start()
    tracked.log({"command": " ".join(words), **dict(params)})
    tracked.flush()
    settings = {PARENT: tracked.id, "INSTAR_STORE": store.location, "INSTAR_PROJECT": shell.project}
    try:
        status, output = _execute(list(words), {**os.environ, **store.environment, **settings}, quiet=shell.as_json)
    except FileNotFoundError:
        tracked.end(f"no command {words[0]!r}")
        raise NotFound("command", words[0], next_step="is it installed, and on the PATH?") from None
    except OSError as error:
        tracked.end(f"{words[0]!r} cannot be run")
        why = (error.strerror or str(error)).lower()
        raise BadInput(
            f"command {words[0]!r} cannot be run: {why}; name a program, or what runs it: -- python {words[0]}"
        ) from None
    except BaseException as error:
        tracked.end(type(error).__name__)
        raise
    tracked.log_bytes("output.log", output)
    tracked.end(None if status == 0 else f"the command ended with status {status}")
    said = f"run {name} {tracked.id[:12]} {tracked.status}"
    if shell.as_json:
        shell.answer({"id": tracked.id, "name": name, "status": tracked.status, "exit_status": status})
    else:
        print(f"instar: {said}", file=sys.stderr)
    sys.exit(status if status >= 0 else 128 - status)


def _execute(words: list[str], environment: dict[str, str], quiet: bool) -> tuple[int, bytes]:
    """Run, pass on what it prints while it runs, and return its status and output."""
    kept = bytearray()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as process:
        assert process.stdout is not None
        _pass_on(process.stdout, kept, quiet)
    return process.returncode, bytes(kept)


def _pass_on(source: IO[bytes], kept: bytearray, quiet: bool) -> None:
    while piece := os.read(source.fileno(), 65536):
        kept += piece
        if not quiet:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
