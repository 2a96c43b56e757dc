"""Finding, rules, notes and questions about models on the command line."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Project


def names(project: Project, *words: str) -> list[str]:
    return [node["name"] for node in json.loads(project.good("find", *words, "--json"))]


def test_what_cannot_be_read_is_wrong_usage_and_points_at_the_character(project: Project) -> None:
    for words in (
        ["find", "model colour:red"],
        ["runs", "list", "model colour:red"],
        ["rule", "add", "x", "model colour:red"],
    ):
        result = project.call(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        said, shown, pointer = result.stderr.splitlines()
        assert said.startswith("instar: find: unknown key 'colour'")
        assert pointer.index("^") == shown.index("colour")
    as_json = project.call("find", "colour:red", "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stderr)["error"]["type"] == "BadQuery"


def test_pages_count_and_order(project: Project) -> None:
    assert names(project, "dataset", "--order", "name") == ["omdb@1", "tomatoes@1"]
    assert names(project, "dataset", "--order=-name", "--limit", "1") == ["tomatoes@1"]
    assert project.good("find", "dataset", "--count") == "2\n"
    assert json.loads(project.good("find", "dataset", "--count", "--json")) == {"count": 2}
    first = json.loads(project.good("find", "dataset order:name limit:1", "--json"))
    assert names(project, "dataset order:name", "--after", first[0]["id"]) == ["tomatoes@1"]
    assert f"--after {first[0]['id']}" in project.good("find", "dataset order:name limit:1")
    every = project.good("find", "activity or chunk", "--all").splitlines()
    assert len(every) - 1 == int(project.good("find", "activity or chunk", "--count"))
    for wrong in (["--order", "weight"], ["--limit", "0"]):
        assert project.call("find", "dataset", *wrong).exit_code == 2


@pytest.mark.parametrize(
    "word", ["list", "show models-covered-by", "run unused-datasets", "run models-covered-by omdb"]
)
def test_rules_answer_as_text_and_as_json(word: str, project: Project) -> None:
    assert project.good("rule", *word.split())
    assert json.loads(project.good("rule", *word.split(), "--json"))


def test_a_rule_is_told_what_is_wrong_with_its_parameters(project: Project) -> None:
    for words, said in {
        ("run", "models-covered-by"): "give its parameter 'dataset_id'",
        ("run", "unused-datasets", "x"): "is no PARAMETER=VALUE",
        ("run", "unused-datasets", "x=1"): "it has no parameter 'x'",
        ("run", "nothing"): "no rule 'nothing'",
        ("remove", "unused-datasets"): "comes with Instar",
        ("add", "x", "DROP TABLE node"): "nothing was changed",
    }.items():
        result = project.call("rule", *words)
        assert result.exit_code == 1
        assert said in result.stderr


def test_a_note_is_found_and_stands_below_what_it_is_about(project: Project) -> None:
    project.good("note", "the repair came later", "omdb@1", "movie-rating@1")
    assert names(project, "note repair") == ["the repair came later"]
    assert "the repair came later" in project.good("impact", "omdb")
    assert project.call("note", "x", "nothing").exit_code == 1


def test_models_are_compared_ranked_and_followed_back(project: Project) -> None:
    assert "differ in nothing" in project.good("models", "compare", "movie-rating@1", "movie-rating")
    (ranked,) = json.loads(project.good("models", "rank", "roc_auc", "--json"))
    assert ranked["low"] < ranked["value"] < ranked["high"]
    assert json.loads(project.good("models", "similar", "movie-rating", "--json")) == []
    origins = json.loads(project.good("models", "features", "movie-rating", "--json"))
    assert {(raw["dataset"], raw["column"]) for each in origins for raw in each["columns"]} == {
        ("omdb@1", "Runtime"),
        ("omdb@1", "Genre"),
        ("omdb@1", "Year"),
        ("tomatoes@1", "Meter"),
    }
    assert project.call("models", "rank", "nothing").exit_code == 1
