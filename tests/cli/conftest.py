"""A small project as a person has it: a CSV of films, a script, and a store with a model that passed its gate."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LogisticRegression
from tests.films import films

from instar import prep
from instar.base.schema import Role
from instar.cli.main import cli
from instar.data.datasets.dataset import import_data
from instar.flow.dataflow import Dataflow
from instar.models.registry import publish
from instar.store import open_store

SCRIPT = """\
import instar
with instar.run("baseline") as run:
    for step, loss in enumerate((0.9, 0.5, 0.3)):
        run.log_metrics(loss=loss, step=step)
"""


@dataclass
class Project:
    """The folder that commands are run in."""

    folder: Path

    def call(self, *words: str, text: str | None = None) -> Result:
        """``instar`` with these words, in the folder of the project."""
        return CliRunner().invoke(cli, list(words), input=text, prog_name="instar")

    def good(self, *words: str) -> str:
        """What it prints when it works."""
        result = self.call(*words)
        assert result.exit_code == 0, f"instar {' '.join(words)}: {result.output}{result.exception or ''}"
        return result.stdout


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: training takes seconds."""
    folder = tmp_path_factory.mktemp("project")
    omdb, tomatoes = films(1200)
    omdb.write_csv(folder / "films.csv")
    tomatoes.write_csv(folder / "scores.csv")
    (folder / "train.py").write_text(SCRIPT)
    with open_store(folder / ".instar") as store:
        roles: dict[str, Role] = {"ID": "id", "imdbID": "id"}
        left = import_data("omdb", folder / "films.csv", roles=roles, store=store)
        right = import_data("tomatoes", folder / "scores.csv", roles={"ID": "id"}, store=store)
        flow = Dataflow("movie-rating", store=store)
        table = flow.source("omdb", left).join(flow.source("tomatoes", right), on="ID").distinct(on=["imdbID"])
        seen, unseen = table.split(seen=0.8, unseen=0.2, by="imdbID", seed=7)
        preparation = seen.fit(
            prep.Impute("Runtime", strategy="median"),
            prep.MultiHot("Genre", separator=", "),
            prep.Standardize("Runtime", "Year"),
        )
        model = seen.train(LogisticRegression(max_iter=500), preparation, target=prep.Above("Meter", quantile=0.5))
        result = flow.run(want={"model": model, "report": model.evaluate(unseen)})
        publish(result["model"], "movie-rating")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A copy of its own for each test."""
    folder = tmp_path / "project"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    yield Project(folder)
    open_store(folder / ".instar").close()
