"""What commands answer: to a person, as JSON, and when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Project

from instar.base.ids import is_id
from instar.serve.client import Client
from instar.store import open_store

READING = [
    ["data", "list"],
    ["data", "log", "omdb"],
    ["runs", "list"],
    ["models", "list"],
    ["models", "show", "movie-rating@1"],
    ["find", "model"],
    ["why", "movie-rating@1"],
    ["impact", "omdb"],
    ["check"],
    ["deployments"],
    ["token", "list"],
    ["key", "list"],
    ["label", "movie-rating@1"],
    ["audit"],
]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_the_answer_is_one_json_document(words: list[str], project: Project) -> None:
    assert json.loads(project.good(*words, "--json")) is not None


@pytest.mark.parametrize(
    "words",
    [
        ["why", "nothing"],
        ["impact", "nothing"],
        ["runs", "show", "nothing"],
        ["models", "show", "nothing@1"],
        ["data", "log", "nothing"],
        ["homologate", "nothing"],
        ["sign", "nothing"],
        ["deploy", "rating", "nothing@1"],
        ["undeploy", "nothing"],
        ["token", "revoke", "nothing"],
        ["key", "revoke", "nothing"],
        ["data", "import", "nothing.csv", "--name", "nothing"],
        ["why", "00c0ffee-0192f5d07c3a7bd1a2f60f3c5a1e9d42-17"],
    ],
    ids=" ".join,
)
def test_what_is_unknown_is_named_and_the_exit_status_is_one(words: list[str], project: Project) -> None:
    result = project.call(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("instar: ")
    as_json = project.call(*words, "--json")
    assert as_json.exit_code == 1
    error = json.loads(as_json.stderr)["error"]
    assert error["message"] == result.stderr.removeprefix("instar: ").rstrip("\n")
    assert error["status"] >= 400


def test_a_mistyped_command_is_answered_with_the_nearest(project: Project) -> None:
    result = project.call("fnid", "model")
    assert result.exit_code == 2
    assert "no command 'fnid'; did you mean 'find'?" in result.stderr


def test_without_a_store_the_next_step_is_named(project: Project, tmp_path: Path) -> None:
    result = project.call("runs", "list", "--store", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "`instar init`" in result.stderr


def test_a_store_is_made_once(project: Project, tmp_path: Path) -> None:
    first = json.loads(project.good("init", str(tmp_path / "new"), "--json"))
    assert Path(first["store"]) == tmp_path / "new" / ".instar"
    assert json.loads(project.good("init", str(tmp_path / "new"), "--json")) == first


def test_the_first_page_has_sections_an_example_and_every_command(project: Project) -> None:
    page = project.good("--help")
    for word in ("Begin:", "Serve:", "Examples:", "tour", "homologate", "instar why movie-rating@1"):
        assert word in page


def test_why_leads_to_the_source_file_and_impact_back(project: Project) -> None:
    why = project.good("why", "movie-rating@1")
    for part in ("train LogisticRegression", "dataset version omdb@1", "films.csv"):
        assert part in why
    file = next(node for node in json.loads(project.good("why", "omdb@1", "--json"))["nodes"] if node["kind"] == "file")
    assert "model version movie-rating@1" in project.good("impact", file["id"])


def test_a_tree_is_cut_at_the_depth_asked_for(project: Project) -> None:
    nodes = json.loads(project.good("why", "movie-rating@1", "--depth", "1", "--json"))["nodes"]
    assert {node["depth"] for node in nodes} == {0, 1}


def test_the_gate_that_does_not_pass_is_exit_status_one(project: Project) -> None:
    result = project.call("homologate", "movie-rating@1", "--check", "nothing")
    assert result.exit_code == 1
    assert "nothing" in result.stderr


def test_a_version_is_deployed_only_when_somebody_signed_it(project: Project) -> None:
    refused = project.call("deploy", "rating", "movie-rating@1")
    assert refused.exit_code == 1
    assert "is not homologated: there is no evidence. Next: `instar homologate movie-rating@1`" in refused.stderr
    project.good("homologate", "movie-rating@1")
    project.good("key", "new", "--register")
    assert "is homologated, signed by ana" in project.good("sign", "movie-rating@1")
    assert "rating@1 is live" in project.good("deploy", "rating", "movie-rating@1")
    project.good("models", "revoke", "movie-rating@1", "--reason", "wrong file")
    assert "it was revoked by ana" in project.call("deploy", "other", "movie-rating@1").stderr
    project.good("models", "lift", "movie-rating@1", "--reason", "it was right")
    project.good("deploy", "other", "movie-rating@1")


def test_a_sealed_key_signs_with_its_passphrase_only(project: Project) -> None:
    project.good("homologate", "movie-rating@1")
    assert project.call("key", "new", "--register", "--passphrase", text="open sesame\n").exit_code == 0
    wrong = project.call("sign", "movie-rating@1", text="sesame\n")
    assert wrong.exit_code == 1
    assert "passphrase" in wrong.stderr
    assert project.call("sign", "movie-rating@1", text="open sesame\n").exit_code == 0


def test_a_setting_that_a_policy_does_not_have_is_refused(project: Project) -> None:
    words = ["deploy", "rating", "movie-rating@1", "--experimental", "--policy"]
    assert "did you mean 'forget'" in project.call(*words, "thompson", "--set", "forgt=1").stderr
    assert "did you mean 'thompson'" in project.call(*words, "thomson").stderr


def test_the_token_is_shown_once_and_kept_as_its_digest(project: Project) -> None:
    secret = json.loads(project.good("token", "new", "ci", "--json"))["token"]
    assert secret not in project.good("token", "list", "--json")
    assert len(secret) == 64


def test_a_command_that_fails_is_a_failed_run_with_its_status(project: Project) -> None:
    result = project.call("run", "broken", "--", sys.executable, "-c", "print('so far'); raise SystemExit(3)")
    assert result.exit_code == 3
    shown = json.loads(project.good("runs", "show", "broken", "--json"))
    assert (shown["status"], shown["error"]) == ("failed", "the command ended with status 3")
    assert "output.log" in shown["artifacts"]


def test_runs_of_a_tracked_command_lie_inside_its_run(project: Project) -> None:
    outer = json.loads(project.good("run", "outer", "--json", "--", sys.executable, "train.py"))
    inner = json.loads(project.good("runs", "show", "baseline", "--json"))
    assert inner["parent"] == outer["id"]
    assert inner["metrics"] == {"loss": 0.3}


def test_a_corrupt_blob_is_found_and_named(project: Project) -> None:
    blob = next(path for path in (project.folder / ".instar" / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"not what it was")
    result = project.call("check")
    assert result.exit_code == 1
    assert "is corrupt" in result.stdout
    assert json.loads(project.call("check", "--json").stdout)["clean"] is False


def test_why_of_a_prediction_leads_to_the_source_file(project: Project) -> None:
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    command = [sys.executable, "-m", "instar", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=project.folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")
            store = open_store(project.folder / ".instar")
            with Client(ready["url"], store=store) as client:
                answer = client.predict("rating", {"Runtime": 90.0, "Year": 1999, "Genre": "Drama"})
                client.feedback(answer["id"], value=True)
        finally:
            server.terminate()
            server.wait(30)
    why = project.good("why", answer["id"])
    for part in (
        f"prediction {answer['id']}",
        "'Year': 1999",
        "movie-rating@1",
        "films.csv",
        "True, reward 1, counted",
    ):
        assert part in why
    assert is_id(json.loads(project.good("why", answer["id"], "--json"))["prediction"]["version"])
