from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from instar.store import Store
from instar.track.code import describe
from instar.track.environment import describe as describe_environment


def git(folder: Path, *arguments: str) -> None:
    name = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"]
    subprocess.run(["git", "-C", str(folder), *name, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one committed script."""
    folder = tmp_path / "films"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "-b", "trunk")
    (folder / "src" / "train.py").write_text("print(1)\n")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def test_a_clean_repository_is_its_commit_branch_and_script(repository: Path) -> None:
    found = describe(repository / "src", repository / "src" / "train.py")
    assert len(found.node.doc["commit"]) == 40
    assert (found.node.doc["branch"], found.node.doc["dirty"]) == ("trunk", False)
    assert found.node.doc["script"] == "src/train.py"
    assert found.contents == {}


def test_what_differs_from_the_commit_is_kept_as_a_diff(repository: Path, store: Store) -> None:
    clean = describe(repository, None)
    (repository / "src" / "train.py").write_text("print(2)\n")
    (repository / "new.txt").write_text("new")
    dirty = describe(repository, None)
    assert dirty.node.id != clean.node.id
    assert dirty.node.doc["untracked"] == ["new.txt"]
    record = dirty.record(store.blobs)
    store.nodes.put([record])
    assert b"-print(1)\n+print(2)" in store.blobs.read(record.files[0].digest)


def test_the_same_code_is_the_same_node(repository: Path) -> None:
    assert describe(repository, None).node == describe(repository / "src", None).node


def test_a_script_outside_of_any_repository_is_kept_whole(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print(1)\n")
    found = describe(tmp_path, script)
    assert found.contents == {"train.py": b"print(1)\n"}
    assert "commit" not in found.node.doc


def test_a_repository_without_a_commit_is_no_error(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "train.py").write_text("print(1)\n")
    found = describe(tmp_path, tmp_path / "train.py")
    assert (found.node.doc["commit"], found.node.doc["dirty"]) == ("", True)


def test_a_password_in_the_origin_is_not_kept(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://ana:secret@example.org/films.git")
    assert describe(repository, None).node.doc["origin"] == "https://example.org/films.git"


def test_the_environment_names_packages_and_no_machine(tmp_path: Path) -> None:
    found = describe_environment()
    assert {"numpy", "scikit-learn", "pytest"} <= set(found["packages"])
    assert set(found) == {"python", "implementation", "system", "machine", "packages"}
