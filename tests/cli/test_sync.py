"""``instar push`` and ``instar pull`` as a person calls them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Project
from tests.store.states import state

from instar.models.version import version
from instar.serve.tokens import create_token
from instar.store import open_store
from instar.store.keeping.check import check


@pytest.fixture
def laptop(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Another person's folder, with an empty store, beside the project."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    other = Project(folder)
    other.good("init")
    yield other
    open_store(folder / ".instar").close()


def test_a_model_comes_with_all_that_is_needed_to_use_it(project: Project, laptop: Project) -> None:
    os.chdir(project.folder)
    project.good("key", "new", "--register")
    public = json.loads(project.good("key", "show", "--json"))["public"]
    project.good("homologate", "movie-rating@1")
    project.good("sign", "movie-rating@1")
    os.chdir(laptop.folder)
    assert "blobs" in laptop.good("pull", "../project", "movie-rating@1")
    assert laptop.good("check").endswith("clean\n")
    why = laptop.good("why", "movie-rating@1")
    assert "films.csv" in why
    assert "scores.csv" in why
    assert "movie-rating@1" in laptop.good("models", "list")
    assert "passed" in laptop.good("models", "evidence", "movie-rating@1")
    assert "not registered" in laptop.call("deploy", "rating", "movie-rating@1").stderr
    laptop.good("key", "add", "ana", public)
    laptop.good("deploy", "rating", "movie-rating@1")
    store = open_store(laptop.folder / ".instar")
    made = version("movie-rating@1", store)
    assert made.load().signature.target.name
    assert "nothing was missing" in laptop.good("pull", "../project", "movie-rating@1")
    laptop.good("push", "../project")
    laptop.good("pull", "../project")
    with open_store(project.folder / ".instar") as other:
        assert state(store) == state(other)


def test_what_would_travel_is_told_and_nothing_moves(project: Project, laptop: Project) -> None:
    told = json.loads(laptop.good("pull", "../project", "--dry-run", "--json"))
    assert told["dry_run"]
    assert told["nodes"] > 10
    assert told["bytes"] > 1000
    assert json.loads(laptop.good("check", "--json"))["nodes"] == 0
    moved = json.loads(laptop.good("pull", "../project", "--json"))
    assert {name: moved[name] for name in ("nodes", "edges", "blobs", "bytes", "points")} == {
        name: told[name] for name in ("nodes", "edges", "blobs", "bytes", "points")
    }
    assert "would be pulled: nothing was missing" in laptop.good("pull", "../project", "--dry-run")


def test_the_other_store_may_be_set_once(project: Project, laptop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert laptop.call("push").exit_code == 2
    monkeypatch.setenv("INSTAR_REMOTE", "../project")
    assert "pulled: " in laptop.good("pull")
    assert "pushed: nothing was missing" in laptop.good("push")


def test_mistakes_are_told_with_the_next_step(project: Project, laptop: Project) -> None:
    for words, said in (
        (("push", "../nowhere"), "instar init"),
        (("push", ".instar"), "are one store"),
        (("pull", "../project", "no-such-model"), "no node 'no-such-model'"),
        (("push", "http://127.0.0.1:1"), "does not answer"),
        (("push", "ftp://example.org"), "cannot open ftp"),
    ):
        result = laptop.call(*words)
        assert result.exit_code == 1, words
        assert said in result.stderr, words
        assert "Traceback" not in result.stderr


def test_a_token_that_may_only_read_pulls_and_does_not_push(
    project: Project, laptop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.web.running import Threaded

    with open_store(project.folder / ".instar") as served:
        token = create_token(served, "reader", "viewer")
        with Threaded(served) as server:
            monkeypatch.setenv("INSTAR_TOKEN", token)
            laptop.good("pull", server.url)
            laptop.good("label", "movie-rating@1", "note", "mine")
            result = laptop.call("push", server.url)
            assert result.exit_code == 1
            assert "viewer" in result.stderr
    with open_store(laptop.folder / ".instar") as store:
        assert check(store).clean
