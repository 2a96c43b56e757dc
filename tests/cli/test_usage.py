"""What is given to commands: pairs, ages, options of files; what cannot be read is wrong usage."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing

import pytest
from tests.cli.conftest import Project

WRONG = [
    (["run", "x", "--param", "lr", "--", "true"], "'lr' is not KEY=VALUE; give one such as lr=0.1"),
    (["homologate", "movie-rating@1", "--scope", "=US"], "'=US' is not KEY=VALUE"),
    (["deploy", "rating", "movie-rating@1", "--set", "forget"], "'forget' is not KEY=JSON"),
    (["data", "import", "films.csv", "--name", "x", "--role", "ID"], "'ID' is not COLUMN=ROLE"),
    (["data", "import", "films.csv", "--name", "x", "--separator", "::"], "'::' is not one letter"),
    (["sign", "movie-rating@1", "--expires", "0d"], "'0d' is no time at all"),
    (["sign", "movie-rating@1", "--expires", "soon"], "give a number and a unit, such as 90d"),
    (["sign", "movie-rating@1", "--expires", "99999999999w"], "longer than time can be counted"),
    (["serve", "--port", "-1"], "-1 is not in the range 0<=x<=65535"),
    (["serve", "--port", "99999"], "99999 is not in the range"),
    (["serve", "--most-body", "0"], "0 is not in the range"),
    (["run", "--", "python", "-c", "1"], "the name of the run is missing"),
    (["run", "--param", "lr=1", "--", "python", "train.py"], "instar run NAME -- python train.py"),
    (["label", "movie-rating@1", "tag"], "VALUE is missing"),
    (["label", "movie-rating@1", "status", "done"], "'status' is not one of"),
    (["audit", "--limit", "0"], "0 is not in the range"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_what_cannot_be_read_is_wrong_usage(words: list[str], said: str, project: Project) -> None:
    result = project.call(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_csv_file_is_imported_as_its_options_say(project: Project) -> None:
    (project.folder / "odd.csv").write_bytes("name\tcity\n'Jos\u00e9'\t?\n".encode("latin-1"))
    words = ["data", "import", "odd.csv", "--name", "odd"]
    refused = project.call(*words)
    assert "e.g. --encoding 'latin-1'" in refused.stderr or "e.g. --encoding 'windows-1252'" in refused.stderr
    options = ["--encoding", "latin-1", "--separator", "tab", "--quote", "'", "--nulls", "?"]
    assert "1 row, 2 columns, 1 chunk (new)" in project.good(*words, *options)
    columns = json.loads(project.good("data", "show", "odd", "--json"))["columns"]
    assert [column["name"] for column in columns] == ["name", "city"]


def test_a_quote_that_does_not_quote_can_be_said(project: Project) -> None:
    (project.folder / "odd.csv").write_text('inch\n5" pipe\n"\n')
    words = ["data", "import", "odd.csv", "--name", "odd"]
    assert "--quote none" in project.call(*words).stderr
    assert "2 rows" in project.good(*words, "--quote", "none")


def test_a_database_by_url_and_a_folder_of_texts_are_imported(project: Project) -> None:
    with closing(sqlite3.connect(project.folder / "odd.db")) as database:
        database.execute("CREATE TABLE films AS SELECT 1 AS id")
        database.commit()
    url = f"sqlite:///{project.folder}/odd.db"
    assert "--table or --query" in project.call("data", "import", url, "--name", "odd").stderr
    assert "1 row, 1 column" in project.good("data", "import", url, "--name", "odd", "--query", "SELECT id FROM films")
    (project.folder / "reviews").mkdir()
    (project.folder / "reviews" / "up.txt").write_text("fine")
    words = ["data", "import", "reviews", "--name", "reviews", "--format", "texts"]
    assert "1 row, 4 columns" in project.good(*words)
    assert "has no option 'hdu'" in project.call(*words, "--hdu", "1").stderr


def test_an_approval_that_does_not_homologate_is_exit_status_one(project: Project) -> None:
    project.good("key", "new")
    project.good("homologate", "movie-rating@1")
    signed = project.call("sign", "movie-rating@1")
    assert signed.exit_code == 1
    assert "not registered" in signed.stdout
    assert project.call("sign", "movie-rating@1", "--reject").exit_code == 0


def test_a_key_that_is_there_is_registered_and_said_so(project: Project) -> None:
    made = json.loads(project.good("key", "new", "--json"))
    assert project.call("key", "new").exit_code == 1
    assert f"key {made['id']} of ana was there already" in project.good("key", "new", "--register")
    assert [key["id"] for key in json.loads(project.good("key", "list", "--json"))] == [made["id"]]


def test_a_deployment_that_may_not_be_served_says_why(project: Project) -> None:
    project.good("homologate", "movie-rating@1")
    project.good("key", "new", "--register")
    project.good("sign", "movie-rating@1")
    project.good("deploy", "rating", "movie-rating@1")
    assert "is not served" not in project.good("deployments")
    project.good("models", "revoke", "movie-rating@1", "--reason", "wrong file")
    assert "rating@1 is not served: movie-rating@1" in project.good("deployments")
    assert "wrong file" in json.loads(project.good("deployments", "--json"))[0]["refused"]


def test_a_tag_is_put_found_and_taken_away(project: Project) -> None:
    assert "tag.gold" in project.good("label", "movie-rating@1", "tag", "gold")
    project.good("label", "movie-rating@1", "stage", "trial")
    project.good("label", "movie-rating@1", "stage", "live")
    found = json.loads(project.good("find", "model_version tag:gold stage:live", "--json"))
    assert [node["name"] for node in found] == ["movie-rating@1"]
    labels = json.loads(project.good("label", "movie-rating@1", "--json"))["labels"]
    assert {name: each["value"] for name, each in labels.items()} == {"tag.gold": "yes", "stage": "live"}
    project.good("label", "movie-rating@1", "tag", "gold", "--remove")
    assert json.loads(project.good("find", "tag:gold", "--json")) == []
    again = project.call("label", "movie-rating@1", "tag", "gold", "--remove")
    assert (again.exit_code, "has no label 'tag.gold'" in again.stderr) == (1, True)


def test_the_audit_says_who_did_what_newest_first(project: Project) -> None:
    assert "nothing was changed yet" in project.good("audit")
    project.good("token", "new", "ci")
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    found = json.loads(project.good("audit", "--json"))
    assert found[0]["action"] == "deploy"
    assert {each["by"] for each in found} == {"ana"}
    assert len(json.loads(project.good("audit", "--limit", "1", "--json"))) == 1


def test_a_tracked_command_may_have_its_own_double_dash(project: Project) -> None:
    project.good(
        "run", "dashes", "--", sys.executable, "-c", "import sys; assert sys.argv[1:] == ['--', 'x']", "--", "x"
    )
