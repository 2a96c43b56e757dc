"""The whole cycle on PostgreSQL and S3: import, run, train, publish, serve, seal, find, check."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from tests.serve.running import ROW, Threaded, versions
from tests.services import PASSWORD

import instar
from instar import prep
from instar.serve.deployment import deploy
from instar.serve.lookup import lookup
from instar.store import Store, open_store
from instar.store.find.query import parse
from instar.store.keeping.check import check


@pytest.fixture
def secret_store(postgres_url: str, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A shared store whose password stands in the URL and nowhere else."""
    monkeypatch.delenv("PGPASSWORD")
    url = postgres_url.replace("instar@", f"instar:{quote(PASSWORD)}@")
    with open_store(f"{url}?blobs={s3_url}") as opened:
        yield opened


def test_a_dataflow_runs_on_a_shared_store_and_everything_is_found_again(shared_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    ages = range(20, 80)
    pl.DataFrame({"id": ages, "age": ages, "job": ["a", "b"] * 30, "old": [age > 50 for age in ages]}).write_csv(path)
    instar.import_data("people", path, store=shared_store)
    with instar.run("by hand", store=shared_store) as run:
        run.log(lr=0.1)
        for step in range(3):
            run.log_metrics(loss=1 / (step + 1), step=step)
    flow = instar.Dataflow("ages", store=shared_store)
    people = flow.source("people", instar.dataset("people", store=shared_store))
    seen, unseen = people.split(seen=0.8, unseen=0.2, by="id", seed=7)
    preparation = seen.fit(prep.Standardize("age"), prep.OneHot("job"))
    model = seen.train(LogisticRegression(), preparation, target="old")
    report = model.evaluate(unseen)
    result = flow.run(want={"model": model, "report": report})
    version = instar.publish(result["model"], "ages", store=shared_store)
    again = flow.run(want={"model": model})
    assert again["model"].activity == result["model"].activity
    assert [node.id for node in shared_store.nodes.find(parse("model learner:LogisticRegression feature:age"))] == [
        version.id
    ]
    assert shared_store.nodes.find(parse("run metric.loss<0.4 param.lr=0.1"))
    assert shared_store.nodes.resolve("people.csv") in shared_store.nodes.ancestors(version.id).depth
    findings = check(shared_store)
    assert findings.clean, findings.problems


def test_a_shared_store_is_served_and_its_password_reaches_the_host_unseen(secret_store: Store) -> None:
    deploy("sign", versions(secret_store, 1), experimental=True, store=secret_store)
    with Threaded(secret_store) as running, running.client() as client:
        answer = client.predict("sign", ROW)
        assert answer["value"] is True
        commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_host(path)]
        assert any(secret_store.location.encode() in command for command in commands)
        assert not any(b"battery" in command or PASSWORD.encode() in command for command in commands)
    until = time.monotonic() + 60
    while not secret_store.nodes.find(parse("kind:segment")) and time.monotonic() < until:
        time.sleep(0.1)
    assert lookup(answer["id"], store=secret_store)
    findings = check(secret_store)
    assert findings.clean, findings.problems


def _is_host(path: Path) -> bool:
    try:
        return b"instar.serve.host" in path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
