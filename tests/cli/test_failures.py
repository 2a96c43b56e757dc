"""Whatever the machine refuses is said in words, with an exit status, and never as a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from obstore.exceptions import PermissionDeniedError
from sqlalchemy.exc import OperationalError
from tests.cli.conftest import Project

from instar.cli.failures import explained

FAILING = [
    ["init", "/dev/null/x"],
    ["init", "/proc/x"],
    ["runs", "list", "--store", "/dev/null/x"],
    ["data", "import", "/proc/self/mem", "--name", "x", "--format", "csv"],
    ["data", "import", "films.csv", "--name", "x", "--store", "/proc/x"],
    ["run", "x", "--", "./somewhere"],
    ["run", "x", "--", "./films.csv"],
    ["run", "x", "--", "./films.csv/x"],
    ["homologate", "movie-rating@1", "--check", "leak", "--save", "/dev/null/x"],
]


@pytest.mark.parametrize("words", FAILING, ids=" ".join)
def test_what_the_machine_refuses_is_said_with_thing_cause_and_next_step(words: list[str], project: Project) -> None:
    (project.folder / "somewhere").mkdir()
    result = project.call(*words)
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True), result.exception
    said = result.stderr.splitlines()[-1]
    assert said.startswith("instar: ")
    assert any(word.removeprefix("./") in said for word in words), said
    assert ";" in said
    flags = words.index("--") if "--" in words else len(words)
    as_json = project.call(*words[:flags], "--json", *words[flags:])
    assert json.loads(as_json.stderr[as_json.stderr.index("{") :])["error"]["message"] in result.stderr


def test_errors_of_the_libraries_below_the_store_are_explained() -> None:
    database = explained(OperationalError("insert", {}, Exception("attempt to write a readonly database")))
    assert "the database of the store: attempt to write a readonly database; see whether" in str(database)
    assert "the blobs of the store: no" in str(explained(PermissionDeniedError("no\ndebug")))
    assert "text that is not UTF-8" in str(explained(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")))


def test_a_mistake_of_ours_and_a_closed_pipe_are_not_explained_away() -> None:
    assert explained(KeyError("x")) is None
    assert explained(BrokenPipeError(32, "Broken pipe")) is None


def test_an_interrupted_command_ends_with_130(project: Project) -> None:
    waiting = "import time; print('begun', flush=True); time.sleep(60)"
    command = [sys.executable, "-m", "instar", "run", "long", "--", sys.executable, "-c", waiting]
    with subprocess.Popen(
        command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
        said = process.stderr.read()
    assert said.endswith("instar: interrupted\n")


def test_a_first_import_that_fails_leaves_no_store_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ragged.csv").write_text("a,b\n1\n")
    for name in ("missing.csv", "ragged.csv"):
        assert Project(tmp_path).call("data", "import", name, "--name", "x").exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ragged.csv"]
