"""The example in each command's help runs."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Project

from instar.cli.main import cli
from instar.cli.reference import commands, markdown
from instar.cli.shell import HELP_NAMES, Command

ALL = dict(commands(cli))
# What must have happened before the example of a command makes sense.
BEFORE = {
    "instar runs show": ["instar run baseline -- python train.py"],
    "instar data log": ["instar data import films.csv --name films"],
    "instar data diff": ["instar data import films.csv --name films"],
    "instar data show": ["instar data import films.csv --name films"],
    "instar prep fit": ["instar data import films.csv --name films"],
    "instar prep apply": ["instar data import films.csv --name films"],
    "instar sql": ["instar data import films.csv --name films"],
    "instar impact": ["instar data import films.csv --name films"],
    "instar restore": ["instar backup ../backup"],
    "instar lift": ["instar invalidate films.csv --reason wrong"],
    "instar models evidence": ["instar homologate movie-rating@1"],
    "instar models lift": ["instar models revoke movie-rating@1 --reason wrong"],
    "instar sign": ["instar key new --register", "instar homologate movie-rating@1"],
    "instar deploy": [
        "instar key new --register",
        "instar homologate movie-rating@1",
        "instar sign movie-rating@1",
    ],
    "instar undeploy": ["instar deploy rating movie-rating@1 --experimental"],
    "instar key show": ["instar key new"],
    "instar rule remove": ["instar rule add cheap run"],
    "instar key revoke": [ALL["instar key add"].example],  # type: ignore[attr-defined]
    "instar token revoke": ["instar token new ci"],
    "instar push": ["instar init --store ../team"],
    "instar pull": ["instar init --store ../team", "instar push ../team"],
}
ELSEWHERE = {"instar tour", "instar serve", "instar up"}  # tested in tests of their own


def words(line: str) -> list[str]:
    """The words after ``instar``; the interpreter of the tests stands for ``python``."""
    return [sys.executable if word == "python" else word for word in shlex.split(line)][1:]


@pytest.mark.parametrize("name", sorted(set(ALL) - ELSEWHERE))
def test_the_example_of_a_command_runs(name: str, project: Project) -> None:
    command = ALL[name]
    assert isinstance(command, Command), f"{name} is not made with instar.cli.shell.command"
    assert command.example.startswith(name + " ") or command.example == name
    for line in [*BEFORE.get(name, []), command.example]:
        project.good(*words(line))


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_explains_itself(name: str) -> None:
    command = ALL[name]
    text = command.get_help(click.Context(command, info_name=name, help_option_names=HELP_NAMES))
    for part in ("Example:", "Exit status:", "--json", "--store", "--project"):
        assert part in text, f"{name} --help does not say {part!r}"
    assert command.help


def test_serving_starts_answers_and_stops_in_order(project: Project) -> None:
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    command = [sys.executable, "-m", "instar", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=project.folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            assert "ready on http://127.0.0.1:" in line
            assert "rating" in line
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0


def test_a_taken_port_is_named(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = project.call("serve", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "cannot be listened on" in result.stderr


def test_the_reference_is_up_to_date() -> None:
    written = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    assert written == markdown(), "run: python -m instar.cli.reference > docs/cli.md"


def test_every_command_that_a_message_names_exists() -> None:
    source = Path(__file__).parents[2] / "src"
    known = {tuple(name.split()) for name in ALL}
    begun = {name[:length] for name in known for length in range(1, len(name) + 1)}
    for path in sorted(source.rglob("*.py")):
        for found in re.findall(r"`(instar [a-z]+(?: [a-z]+)?)", path.read_text()):
            one, two = tuple(found.split()[:2]), tuple(found.split()[:3])
            is_group = one in begun and one not in known
            assert one in begun, f"{path}: `{found}` is no command"
            assert not is_group or len(two) == 2 or two in known, f"{path}: `{found}` is no command"
