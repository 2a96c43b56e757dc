"""Lineage, differences and accountability on the command line."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import pytest
from tests.cli.conftest import Project


def test_a_picture_is_written_to_a_file(project: Project) -> None:
    said = project.good("why", "movie-rating@1", "--as", "svg", "--output", "why.svg")
    assert said == "written to why.svg\n"
    root = ElementTree.fromstring((project.folder / "why.svg").read_text())
    assert (root.findtext("{http://www.w3.org/2000/svg}title") or "").startswith(
        "Lineage of model version movie-rating@1"
    )


@pytest.mark.parametrize(
    ("form", "start"), [("mermaid", "flowchart LR\n"), ("prov", "{"), ("json", "{"), ("svg", "<svg"), ("text", "model")]
)
def test_every_form_is_printed(project: Project, form: str, start: str) -> None:
    assert project.good("why", "movie-rating@1", "--as", form).startswith(start)
    assert project.good("impact", "omdb", "--as", form)


def test_filters_say_what_they_leave_out(project: Project) -> None:
    said = project.good("why", "movie-rating@1", "--kind", "file", "--kind", "dataset_version")
    assert said.count("derived …: file") == 2
    assert "left out by the filters: " in said
    assert "further away: give a greater --depth" in project.good("why", "movie-rating@1", "--depth", "1")
    graph = json.loads(project.good("why", "movie-rating@1", "--since", "2100-01-01", "--json"))
    assert [node["kind"] for node in graph["nodes"]] == ["model_version"]
    assert graph["hidden"]["dataset_version"] == 2


def test_a_time_that_is_none_is_explained(project: Project) -> None:
    result = project.call("why", "movie-rating@1", "--since", "yesterday-ish")
    assert result.exit_code == 2
    assert "2026-11-20T10:00" in result.output


def test_impact_ends_in_what_is_live_and_what_to_withdraw(project: Project) -> None:
    assert "nothing of it is live" in project.good("impact", "omdb")
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    assert "live: rating@1" in project.good("impact", "omdb")


def test_datasets_differ_in_words(project: Project) -> None:
    said = project.good("diff", "omdb", "tomatoes")
    assert "source file: " in said
    assert "Genre only in the first" in said
    assert "they are one and the same" in project.good("diff", "omdb", "omdb@1")
    assert json.loads(project.good("diff", "omdb", "tomatoes", "--json"))["changes"][0]["group"] == "data"


def test_what_was_live_then(project: Project) -> None:
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    assert "rating@1" in project.good("deployments", "--at", "2100-01-01")
    assert project.good("deployments", "--at", "2020-01-01T10:00") == "nothing was live at 2020-01-01 10:00:00Z\n"


def test_every_value_of_a_label_is_told(project: Project) -> None:
    for stage in ("trial", "live"):
        project.good("label", "movie-rating@1", "stage", stage)
    told = json.loads(project.good("label", "movie-rating@1", "stage", "--history", "--json"))
    assert [each["value"] for each in told] == ["trial", "live"]
    assert project.call("label", "movie-rating@1", "colour", "red").exit_code == 2


def test_the_audit_is_filtered_paged_and_exported(project: Project) -> None:
    for name in ("ci", "web", "=cmd()"):
        project.good("token", "new", name)
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    assert "deploy" not in project.good("audit", "--action", "token")
    assert "deploy" in project.good("audit", "--subject", "rating")
    page = project.good("audit", "--limit", "2")
    assert "for older ones add --before 3" in page
    rows = list(csv.DictReader(io.StringIO(project.good("audit", "--export", "csv", "--action", "token"))))
    assert {row["action"] for row in rows} == {"token.add"}
    assert "'=cmd()" in {row["subject"] for row in rows}
    assert project.good("audit", "--export", "jsonl", "--output", "audit.jsonl").startswith("4 changes in")
    lines = (project.folder / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [4, 3, 2, 1]
    assert project.call("audit", "--output", "x").exit_code == 2
