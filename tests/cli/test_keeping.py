"""Keeping, from the command line: what is invalid is flagged, what is erased stays away, what is damaged is repaired."""

from __future__ import annotations

import json

from tests.cli.conftest import Project


def test_what_stands_on_something_invalid_is_flagged_everywhere(project: Project) -> None:
    project.good("deploy", "rating", "movie-rating@1", "--experimental")
    said = project.good("invalidate", "films.csv", "--reason", "the years are wrong")
    assert "live now: rating@1" in said
    assert "models: movie-rating@1" in said
    assert "INVALID, and so is all that came of it" in project.good("impact", "films.csv")
    assert "the years are wrong" in json.loads(project.good("impact", "films.csv", "--json"))["invalid"][0]
    deployments = project.good("deployments")
    assert "is experimental and served all the same" in deployments
    assert "the years are wrong" in deployments
    assert "invalid" in project.good("models", "list")
    assert "INVALID" in project.good("data", "show", "omdb")
    assert "the years are wrong" in project.call("deploy", "other", "movie-rating@1").stderr
    assert "lifted" in project.good("lift", "films.csv", "--reason", "they were right")
    assert "INVALID" not in project.good("data", "show", "omdb")
    assert "nothing stands against it" in project.call("lift", "films.csv", "--reason", "again").stderr


def test_rows_are_erased_and_stay_away(project: Project) -> None:
    told = project.good("erase", "omdb", "--rows", "Year < 1950", "--reason", "asked", "--dry-run")
    assert "would go" in told
    assert "movie-rating@1" in told
    done = json.loads(
        project.good("erase", "omdb", "--rows", "Year < 1950", "--reason", "asked", "--derived", "--json")
    )
    assert done["version"] == 2
    refused = project.call("data", "import", "films.csv", "--name", "omdb")
    assert refused.exit_code == 1
    assert "was erased by ana" in refused.stderr
    assert "clean" in project.good("check")
    project.good("data", "show", "omdb@2")
    assert "was erased" in project.call("data", "show", "omdb@1").stderr


def test_a_damaged_store_is_repaired_from_its_backup(project: Project) -> None:
    project.good("backup", "backup")
    project.good("restore", "backup", "--store", "restored")
    blob = next((project.folder / ".instar" / "blobs").glob("??/*"))
    blob.write_bytes(b"altered")
    broken = project.call("check")
    assert broken.exit_code == 1
    assert "`instar check --repair STORE`" in broken.stdout
    assert "a good copy was taken from" in project.good("check", "--repair", "restored")
    assert "clean" in project.good("check")


def test_gc_lists_what_it_would_remove(project: Project) -> None:
    assert "0 blobs would be removed" in project.good("gc", "--dry-run")
    assert json.loads(project.good("gc", "--now", "--json"))["blobs"] == []
