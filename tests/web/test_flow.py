"""The whole way through a remote store: import, train, publish, ask where it came from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from tests.films import films
from tests.web.running import ROOT, WebProcess

from instar import prep
from instar.base.schema import Role
from instar.data.datasets.dataset import import_data
from instar.flow.dataflow import Dataflow
from instar.models.registry import publish
from instar.store import open_store
from instar.store.keeping.check import check
from instar.store.provenance.lineage import why
from instar.track.run import Run


def test_the_store_of_a_server_takes_the_whole_cycle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    omdb, tomatoes = films(300)
    omdb.write_csv(tmp_path / "omdb.csv")
    tomatoes.write_csv(tmp_path / "tomatoes.csv")
    with WebProcess(str(tmp_path / "store"), tmp_path) as server:
        monkeypatch.setenv("INSTAR_STORE", server.url)
        roles: dict[str, Role] = {"ID": "id", "imdbID": "id"}
        left = import_data("omdb", tmp_path / "omdb.csv", roles=roles)
        right = import_data("tomatoes", tmp_path / "tomatoes.csv", roles={"ID": "id"})
        flow = Dataflow("movie-rating")
        table = flow.source("omdb", left).join(flow.source("tomatoes", right), on="ID").distinct(on=["imdbID"])
        seen, unseen = table.split(seen=0.8, unseen=0.2, by="imdbID", seed=7)
        fitted = seen.fit(prep.Impute("Runtime", strategy="median"), prep.Standardize("Runtime", "Year"))
        model = seen.train(LogisticRegression(), fitted, target=prep.Above("Meter", quantile=0.5))
        result = flow.run(want={"model": model, "report": model.evaluate(unseen)})
        version = publish(result["model"], "movie-rating")
        with Run("baseline", None, None, None) as run:
            run.log(lr=0.1)
            run.log_metrics(loss=0.5, step=0)
        with open_store() as store:
            assert store.location == server.url
            kinds = {node.kind for node in why(store, version.id).nodes}
            assert {"file", "dataset_version", "activity"} <= kinds
            assert store.metrics.last([run.id])[run.id]["loss"].value == 0.5
            assert check(store).clean
        command = [sys.executable, "-m", "instar", "why", "movie-rating@1", "--json"]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
        assert "omdb.csv" in json.dumps(json.loads(said))
    with open_store(tmp_path / "store") as store:
        assert store.nodes.received([version.id])[version.id].by == "ana"
        assert check(store).clean
