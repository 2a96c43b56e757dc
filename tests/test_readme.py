"""The README's code runs as it stands, in an empty folder, as a reader would run it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.films import import_films

import instar
from instar.cli.main import cli
from instar.models.standing import NotHomologated
from instar.store import open_store

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def call(line: str) -> str:
    result = CliRunner().invoke(cli, shlex.split(line, comments=True)[1:], prog_name="instar")
    assert result.exit_code == 0, f"{line}: {result.output}"
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a store that has the two datasets."""
    monkeypatch.chdir(tmp_path)
    import_films(open_store(tmp_path / ".instar"), rows=800)
    return tmp_path


def test_the_example_runs_and_its_last_line_is_refused_until_a_person_signs(folder: Path) -> None:
    example, script = blocks("python")
    *lines, last = example.strip().split("\n")
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)  # noqa: S102 - the README's own code
    with pytest.raises(
        NotHomologated, match=r"movie-rating@1 .* nobody signed its evidence.*instar sign movie-rating@1"
    ):
        exec(last, names)  # noqa: S102
    [signing] = [block for block in blocks("sh") if "instar sign" in block]
    for line in signing.strip().split("\n"):
        call(line)
    exec(last, names)  # noqa: S102
    assert [label.value for label in open_store().labels.where("live")]
    asked = next(block for block in blocks("sh") if "instar find" in block).strip().split("\n")
    answers = {line.split()[1]: call(line) for line in asked if "instar serve" not in line}
    assert "movie-rating@1" in answers["find"]
    assert "RandomForestClassifier" in answers["why"]
    assert "rating@1" in answers["impact"]
    exec(script, names)  # noqa: S102
    assert next(run.name for run in instar.runs()) == "baseline"


def test_every_command_and_file_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"\]\(([\w/.-]+)\)", README))
    assert named
    for path in named:
        assert (ROOT / path).exists(), f"README.md names {path}, which is not there"
    commands = {line.split()[1] for block in blocks("sh") for line in block.split("\n") if line.startswith("instar ")}
    assert commands <= set(cli.list_commands(None))  # type: ignore[arg-type]


def test_the_house_of_the_readme_has_the_folders_of_the_package() -> None:
    house = re.search(r"## The house.*?```\n(.*?)```", README, re.S)
    assert house is not None
    floors = set(re.findall(r"^\s+(\w+)/", house.group(1), re.M))
    package = ROOT / "src" / "instar"
    assert floors == {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
