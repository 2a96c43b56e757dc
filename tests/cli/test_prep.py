"""``instar prep``: steps of data preparation in words."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click import UsageError
from tests.cli.conftest import Project

from instar import prep, steps
from instar.base.errors import BadInput
from instar.cli.steptext import read_step
from instar.data.datasets.dataset import dataset
from instar.data.operators import OPERATORS
from instar.data.rules import Between
from instar.data.steps import STEPS
from instar.store import open_store

IMPORT = ("data", "import", "films.csv", "--name", "films")


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("impute Runtime strategy=median indicator=true", prep.Impute("Runtime", strategy="median", indicator=True)),
        ("Impute Runtime value=7 strategy=constant", prep.Impute("Runtime", strategy="constant", value=7)),
        ("prep.Standardize Runtime Year", prep.Standardize("Runtime", "Year")),
        ("standardize 'IMDb votes'", prep.Standardize("IMDb votes")),
        ("standardize a=b", prep.Standardize("a=b")),
        ("multi_hot Genre separator=', ' limit=9", prep.MultiHot("Genre", separator=", ", limit=9)),
        ("one_hot Rated limit=none", prep.OneHot("Rated", limit=None)),
        ("discretize Year bins=4", prep.Discretize("Year", bins=4)),
        ("distinct", steps.Distinct()),
        ("distinct imdbID last", steps.Distinct("imdbID", "last")),
        ("distinct on=Title,Year keep=none", steps.Distinct(["Title", "Year"], "none")),
        ("check between Year 1900 2030", steps.Check(Between("Year", 1900, 2030))),
        (
            "check Between Year low=1900 on_violation=report",
            steps.Check(Between("Year", low=1900), on_violation="report"),
        ),
    ],
)
def test_a_line_says_a_step(text: str, step: object) -> None:
    assert read_step(text).step == step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("impote Runtime", "did you mean 'impute'"),
        ("impute Runtime stratgy=median", "no option 'stratgy'; did you mean 'strategy'"),
        ("impute Runtime indicator=maybe", "indicator=maybe: give true or false"),
        ("discretize Year bins=many", "bins=many: give a whole number"),
        ("discretize Year bins=2.5", "bins=2.5: give a whole number"),
        ("multi_hot Genre Title", "'Title' is one too many"),
        ("multi_hot", "multi_hot needs column"),
        ("distinct on=a what=b", "distinct has no option 'what'"),
        ("impute 'Runtime", "give each quotation mark its partner"),
        ("", "--step is empty"),
        ("cut_at Year", "cut_at needs edges=…; see `instar prep show cut_at`"),
        ("check", "check needs a rule"),
        ("check betwen Year", "did you mean 'between'"),
    ],
)
def test_a_line_that_says_none_is_wrong_usage_and_points_at_what(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_step(text)


def test_several_columns_of_a_step_written_with_blanks_are_told_how() -> None:
    with pytest.raises(BadInput, match="Several columns are written with commas: distinct Title,Year"):
        read_step("distinct Title Year")


def test_the_words_that_an_option_takes_are_shown(project: Project) -> None:
    shown = project.good("prep", "show", "impute")
    assert "'mean' | 'median' | 'mode' | 'constant'" in shown
    assert "prep.Impute(*columns: str, strategy: Strategy = 'mean'" in shown


def test_all_parts_are_listed_and_each_is_shown(project: Project) -> None:
    listed = json.loads(project.good("prep", "list", "--json"))
    assert {each["name"] for each in listed} == {*OPERATORS, *STEPS}
    assert all(each["line"] and "``" not in each["line"] for each in listed)
    for name in ("impute", "prep.TfIdf", "distinct", "check", "above"):
        assert "on the command line: instar prep apply" in project.good("prep", "show", name)
    shown = json.loads(project.good("prep", "show", "standardize", "--json"))
    assert "Moments" in [each["summary"] for each in shown["learns"]]
    assert project.call("prep", "list", "--family", "musik").exit_code == 1


def test_every_part_can_be_shown(project: Project) -> None:
    for name in (*OPERATORS, *STEPS):
        assert json.loads(project.good("prep", "show", name, "--json"))["doc"], name


def test_steps_are_fitted_applied_and_written_and_what_is_set_apart_is_kept(project: Project) -> None:
    project.good(*IMPORT)
    lines = ("impute Runtime strategy=median", "check between Year 1960 2010", "standardize Runtime")
    words = [word for line in lines for word in ("--step", line)]
    answer = json.loads(project.good("prep", "apply", "films", *words, "--to", "ready", "--json"))
    with open_store(project.folder / ".instar") as store:
        whole, ready = dataset("films", store=store).to_polars(), dataset("ready", store=store).to_polars()
        apart = dataset("ready-quarantine", store=store)
        assert ready.height == answer["version"]["rows"] == whole.filter(pl.col("Year").is_between(1960, 2010)).height
        assert ready.height + apart.rows == whole.height
    assert ready["Runtime"].mean() == pytest.approx(0, abs=1e-9)
    assert answer["learned"][0].startswith("Runtime: a missing value becomes the median")
    assert {each["name"] for each in answer["others"]} == {"ready-quarantine", "ready-corrections", "ready-violations"}
    shown = project.good("data", "show", "ready", "--html", "ready.html")
    assert f"Rows set apart when it was made\n  {apart.rows:,} by the step 'check films'" in shown
    assert "rows set apart" in (project.folder / "ready.html").read_text()
    told = project.good("prep", "fit", "films", *words)
    assert "1 feature: Runtime" in told


def test_what_was_learned_on_one_dataset_is_applied_to_another(project: Project) -> None:
    project.good(*IMPORT)
    pl.DataFrame({"Year": [1950, 1970]}).write_csv(project.folder / "new.csv")
    project.good("data", "import", "new.csv", "--name", "new")
    project.good("prep", "apply", "new", "--step", "min_max Year", "--to", "alone")
    project.good("prep", "apply", "new", "--step", "min_max Year", "--to", "beside", "--fit-on", "films")
    with open_store(project.folder / ".instar") as store:
        assert dataset("alone", store=store).to_polars()["Year"].to_list() == [0.0, 1.0]
        years = dataset("films", store=store).to_polars()["Year"]
        low, high = years.min(), years.max()
        assert isinstance(low, int)
        assert isinstance(high, int)
        wanted = [(year - low) / (high - low) for year in (1950, 1970)]
        assert dataset("beside", store=store).to_polars()["Year"].to_list() == pytest.approx(wanted)


def test_errors_name_the_column_and_the_dataset(project: Project) -> None:
    project.good(*IMPORT)
    wrong = project.call("prep", "apply", "films", "--step", "impute Runtme", "--to", "ready")
    assert wrong.exit_code == 1
    assert "did you mean 'Runtime'" in wrong.stderr
    same = project.call("prep", "apply", "films", "--step", "impute Runtime", "--to", "films")
    assert "cannot be a version of 'films', which it is made from" in same.stderr
    assert project.call("prep", "fit", "films").exit_code == 2


def test_profiles_and_comparisons_are_written_as_pages(project: Project, tmp_path: Path) -> None:
    project.good(*IMPORT)
    said = project.good("data", "show", "films", "--html", str(tmp_path / "films.html"))
    assert f"written as a page: {tmp_path / 'films.html'}" in said
    pl.read_csv(project.folder / "films.csv").filter(pl.col("Year") > 1990).write_csv(project.folder / "late.csv")
    project.good("data", "import", "late.csv", "--name", "films")
    found = json.loads(project.good("data", "diff", "films@1", "films@2", "--html", str(tmp_path / "d.html"), "--json"))
    assert found["columns"][0]["name"] == "Year"
    assert any(each.startswith("Year: PSI") for each in found["findings"])
    assert "Year: PSI" in project.good("data", "diff", "films@1", "films@2")
    for name in ("films.html", "d.html"):
        assert (tmp_path / name).read_text().startswith("<!doctype html>")
