"""The tour, twice: the whole cycle on real films, then nothing done again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from instar.store import open_store


def run_tour(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "instar", "tour", "--json", "--requests", "300", "--store", str(folder / "store")]
    environment = {**os.environ, "INSTAR_HOME": str(folder / "home")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer["stages"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def tours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str], dict[str, Any]]:
    """The folder, the first tour, the kinds of what the second one added, the second tour."""
    folder = tmp_path_factory.mktemp("tour")
    first = run_tour(folder)
    with open_store(folder / "store") as store:
        before = store.nodes.since(limit=100_000).cursor
    second = run_tour(folder)
    with open_store(folder / "store") as store:
        added = [node.kind for node in store.nodes.since(before, limit=100_000).record.nodes]
    return folder, first, added, second


Tours = tuple[Path, dict[str, Any], list[str], dict[str, Any]]


def test_a_and_b_are_homologated_and_c_is_refused_by_the_leak_check(tours: Tours) -> None:
    _, first, _, _ = tours
    stage = first["homologate"]
    assert [stage[letter]["homologated"] for letter in "ABC"] == [True, True, False]
    assert stage["C"]["verdicts"]["leak"] == "failed"
    assert "train RandomForestClassifier" in stage["leak"]


def test_the_better_model_gets_the_traffic(tours: Tours) -> None:
    _, first, _, _ = tours
    stage = first["serve"]
    assert stage["requests"] == 300
    assert stage["gap"] > 0.05
    assert stage["share_of_a"] > 0.6
    assert stage["regret"] < 300 * stage["gap"] / 2


def test_the_answer_leads_to_the_file_and_the_file_to_the_deployment(tours: Tours) -> None:
    _, first, _, _ = tours
    assert len(first["why"]["files"]) == 1
    assert first["why"]["live"] == [first["serve"]["deployment"]]
    assert first["find"]["found"] == [first["homologate"]["A"]["version"]]
    assert first["check"]["clean"]


def test_all_is_pushed_to_a_second_store_once_and_a_doubt_there_reaches_the_models(tours: Tours) -> None:
    _, first, _, second = tours
    assert first["share"]["nodes"] > 50
    assert first["share"]["again"] == second["share"]["again"] == 0
    assert second["share"]["nodes"] < first["share"]["nodes"]
    assert first["homologate"]["A"]["version"] in first["share"]["tainted"]
    assert first["share"]["lifted"]


def test_the_pictures_are_there(tours: Tours) -> None:
    folder, _, _, _ = tours
    pictures = {path.name for path in (folder / "store" / "tour").glob("*.svg")}
    assert pictures == {f"{kind}-{letter}.svg" for kind in ("confusion", "roc") for letter in "ABC"}


def test_the_second_tour_imports_and_fits_nothing_and_adds_only_events(tours: Tours) -> None:
    _, first, added, second = tours
    assert not second["data"]["omdb"]["new"]
    assert second["prepare"]["steps_ran"] == 0
    assert [second["train"][letter]["steps_ran"] for letter in "ABC"] == [0, 0, 0]
    assert second["homologate"]["A"]["version"] == first["homologate"]["A"]["version"]
    assert not second["serve"]["new"]
    # Five runs of the dataflow, and the journal of the requests that were served.
    assert sorted(set(added)) == ["chunk", "dataset_version", "run", "segment"]
    assert added.count("run") == 5
