"""``instar run``: a command as a tracked run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

import click

from instar.base.errors import NotFound
from instar.cli.shell import Shell, command

EXITS = "Exit status: that of the command; 1 when it could not be started, 2 wrong usage."


@command("run", example="instar run baseline --param lr=0.1 -- python train.py", exits=EXITS)
@click.argument("name")
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND...")
@click.option("--experiment", help="Put the run into this experiment.")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="Record a parameter; may be repeated.")
def run(shell: Shell, name: str, words: tuple[str, ...], experiment: str | None, params: tuple[str, ...]) -> None:
    """Run a command as a tracked run.

    The run keeps the command, the code and environment, how long it took, and what it printed (output.log); it fails
    when the command does. Runs that the command itself makes with instar.run lie inside this one.
    """
    from instar.track.run import PARENT
    from instar.track.run import run as track

    pairs = dict(_pair(text) for text in params)
    store = shell.new_store
    tracked = track(name, experiment, store, shell.given_project).start()
    tracked.log({"command": " ".join(words), **pairs})
    tracked.flush()
    settings = {PARENT: tracked.id, "INSTAR_STORE": store.location, "INSTAR_PROJECT": shell.project}
    try:
        status, output = _execute(list(words), {**os.environ, **settings}, quiet=shell.as_json)
    except FileNotFoundError:
        tracked.end(f"no command {words[0]!r}")
        raise NotFound("command", words[0], next_step="is it installed, and on the PATH?") from None
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


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--param")
    return key, value


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
