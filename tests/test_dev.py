"""dev.py, as far as it can be tried without installing anything."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "dev.py"), *arguments], capture_output=True, text=True, check=False
    )


def test_help_names_every_command() -> None:
    done = dev("--help")
    assert done.returncode == 0
    for name in ("tour", "test", "lint", "bench", "soak", "setup", "image", "lock"):
        assert f"python3 dev.py {name}" in done.stdout


def test_help_says_where_it_works() -> None:
    assert "on Linux and macOS" in dev("--help").stdout


def test_without_a_command_it_shows_its_help_and_fails() -> None:
    done = dev()
    assert done.returncode == 2
    assert "python3 dev.py test" in done.stdout


def test_an_unknown_command_or_benchmark_is_named_with_what_there_is() -> None:
    done = dev("tset")
    assert (done.returncode, "no command 'tset'" in done.stderr) == (2, True)
    done = dev("bench", "nothing")
    assert (done.returncode, "no benchmark 'nothing'" in done.stderr, "track" in done.stderr) == (2, True, True)


def test_it_needs_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "dev.py").read_text())
    used = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).split(".")[0]  # type: ignore[union-attr]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert used <= sys.stdlib_module_names


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.name))
def test_requirements_are_pinned_hashed_and_name_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)", text, re.MULTILINE)
    pins = re.findall(r"^([a-z0-9.-]+)(\S*)", text, re.MULTILINE)
    assert len(pins) > 20
    assert all(version.startswith("==") for _, version in pins)
    for entry in re.split(r"\n(?=[a-z])", text.split("\n\n")[-1]):
        if "==" in entry:
            assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_everything_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {re.split(r"[<>=\[;]", line)[0] for line in project["dependencies"] + extras["dev"] + extras["tour"]}
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    assert wanted <= pinned


def test_what_images_need_is_pinned_and_is_what_the_extra_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=]", line)[0] for line in project["optional-dependencies"]["image"]} - {"pillow"}
    pins = ast.literal_eval(re.search(r"^IMAGE = (.*)$", (ROOT / "dev.py").read_text(), re.MULTILINE)[1])  # type: ignore[index]
    assert {name for name, _, version in (pin.partition("==") for pin in pins) if version} == wanted


def test_the_gate_is_what_ci_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert "python3 dev.py image\n" in script.read_text()
    assert "python3 dev.py test" in script.read_text()
    assert script.stat().st_mode & 0o111
