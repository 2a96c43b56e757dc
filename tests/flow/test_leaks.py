"""The gate on models that a dataflow made: each way of leaking is refused, and only that."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from tests.films import films, import_films

from instar import prep, rules
from instar.data.datasets.dataset import DatasetVersion, import_data
from instar.flow.dataflow import Dataflow
from instar.flow.table import Model, Preparation, Table
from instar.flow.verbs.split import Split
from instar.models.evidence import Check
from instar.models.registry import publish
from instar.store import Store

GOOD = prep.Above("Meter", quantile=0.5)


class Films:
    """The joined table, its sides, and what the gate says of a model judged on the unseen side."""

    def __init__(self, store: Store, versions: tuple[DatasetVersion, DatasetVersion] | None = None) -> None:
        omdb, tomatoes = versions or import_films(store)
        self.flow = Dataflow("leaks", store=store)
        self.all = self.flow.source("omdb", omdb).join(self.flow.source("tomatoes", tomatoes), on="ID")
        self.seen, self.unseen = self.split(self.all)

    @staticmethod
    def split(table: Table) -> tuple[Table, ...]:
        return table.split(seen=0.8, unseen=0.2, by="imdbID", seed=7)

    @staticmethod
    def preparation(table: Table) -> Preparation:
        return table.fit(
            prep.Impute("Runtime"), prep.MultiHot("Genre", separator=", "), prep.Standardize("Runtime", "Year")
        )

    def train(self, table: Table, preparation: Preparation) -> Model:
        return table.train(LogisticRegression(), preparation, target=GOOD)

    def judge(self, model: Model, unseen: Table) -> dict[str, Check]:
        result = self.flow.run(want={"model": model, "report": model.evaluate(unseen)})
        version = publish(result["model"], "movie-rating")
        return {check.name: check for check in version.homologate(checks=["leak", "disjoint", "lineage"]).checks}


@pytest.fixture
def made(store: Store) -> Films:
    return Films(store)


def test_what_is_fitted_and_trained_on_the_seen_side_passes(made: Films) -> None:
    checks = made.judge(made.train(made.seen, made.preparation(made.seen)), made.unseen)
    assert {name: check.verdict for name, check in checks.items() if name != "lineage"} == {
        "leak": "passed",
        "disjoint": "passed",
    }
    assert "not judged" in checks["disjoint"].text


def test_imputing_before_the_split_is_refused(made: Films) -> None:
    imputed = made.all.apply(made.all.fit(prep.Impute("Runtime")))
    seen, unseen = made.split(imputed)
    check = made.judge(made.train(seen, made.preparation(seen)), unseen)["leak"]
    assert check.verdict == "failed"
    assert "fit on omdb" in check.text


def test_training_on_all_rows_is_refused_with_the_activities_that_saw_them(made: Films) -> None:
    checks = made.judge(made.train(made.all, made.preparation(made.all)), made.unseen)
    assert (checks["leak"].verdict, checks["disjoint"].verdict) == ("failed", "failed")
    assert "train LogisticRegression" in checks["leak"].text
    assert "evaluated rows are among the" in checks["disjoint"].text


def test_a_preparation_fitted_on_all_rows_is_refused(made: Films) -> None:
    check = made.judge(made.train(made.seen, made.preparation(made.all)), made.unseen)["leak"]
    assert check.verdict == "failed"
    assert "fit on omdb" in check.text


def test_a_group_average_of_the_target_joined_back_before_the_split_is_refused(made: Films) -> None:
    average = made.all.group_by("Year", pl.col("Meter").mean().alias("average"))
    seen, unseen = made.split(made.all.join(average, on="Year"))
    preparation = seen.fit(prep.Impute("Runtime", "average"), prep.Standardize("Runtime", "average"))
    check = made.judge(made.train(seen, preparation), unseen)["leak"]
    assert check.verdict == "failed"
    assert "group_by" in check.text


def test_a_rule_across_rows_before_the_split_is_refused_and_one_on_a_row_is_not(made: Films) -> None:
    for rule, verdict in ((rules.Unique("imdbID"), "failed"), (rules.Present("Title"), "passed")):
        good, *_ = made.all.check(rule, on_violation="quarantine")
        seen, unseen = made.split(good)
        check = made.judge(made.train(seen, made.preparation(seen)), unseen)["leak"]
        assert check.verdict == verdict, check.text


def with_mean(frame: pl.DataFrame) -> pl.DataFrame:
    """Looks at other rows, which nobody can see from outside."""
    return frame.with_columns(pl.col("Meter").cast(pl.Float64).mean().over("Year").alias("average"))


def centred(values: pl.Series) -> pl.Series:
    return values.cast(pl.Float64) - values.mean()


@pytest.mark.parametrize(
    ("step", "look"),
    [
        ("map omdb", lambda table: table.map(with_mean)),
        (
            "with_columns omdb",
            lambda table: table.with_columns(
                average=pl.col("Meter").map_batches(centred, return_dtype=pl.Float64).fill_null(0.0)
            ),
        ),
    ],
)
def test_a_python_function_before_the_split_is_unknown_since_nobody_sees_what_it_looks_at(
    made: Films, step: str, look: Callable[[Table], Table]
) -> None:
    seen, unseen = made.split(look(made.all))
    preparation = seen.fit(prep.Impute("Runtime", "average"), prep.Standardize("Runtime", "average"))
    check = made.judge(made.train(seen, preparation), unseen)["leak"]
    assert check.verdict == "unknown"
    assert step in check.text
    assert "Python function" in check.text
    assert "Write it as expressions" in check.text
    assert "accepts the check leak by name" in check.text


def test_a_python_function_below_the_split_on_the_training_side_is_fine(made: Films) -> None:
    def shifted(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col("Year") - 1900)

    seen = made.seen.map(shifted)
    check = made.judge(made.train(seen, made.preparation(seen)), made.unseen.map(shifted))["leak"]
    assert check.verdict == "passed"


def test_one_duplicated_row_under_another_id_is_refused(store: Store) -> None:
    omdb, tomatoes = films()
    sides = Split(("imdbID",), 7, (("seen", 0.8), ("unseen", 0.2)), ())
    there = omdb["imdbID"][sides.mask(omdb, "seen").arg_true()[0]]
    new = pl.DataFrame({"imdbID": [f"tt9{number:06}" for number in range(100)]})
    other = new.filter(sides.mask(new, "unseen"))["imdbID"][0]
    number = omdb.filter(imdbID=there)["ID"][0]

    def twice(frame: pl.DataFrame) -> pl.DataFrame:
        copied = frame.filter(ID=number).with_columns(pl.lit(999_999, dtype=frame.schema["ID"]).alias("ID"))
        if "imdbID" in frame.columns:
            copied = copied.with_columns(pl.lit(other).alias("imdbID"))
        return pl.concat([frame, copied])

    versions = (
        import_data("omdb", twice(omdb), store=store, roles={"ID": "id", "imdbID": "id"}),
        import_data("tomatoes", twice(tomatoes).with_columns(pl.col("Meter").fill_null(50)), store=store),
    )
    made = Films(store, versions)
    checks = made.judge(made.train(made.seen, made.preparation(made.seen)), made.unseen)
    assert checks["leak"].verdict == "passed"
    assert checks["disjoint"].verdict == "failed"
    assert checks["disjoint"].text.startswith("1 of")
    assert ".distinct(on=[…])" in checks["disjoint"].text


def test_of_two_preparations_that_learn_equal_states_only_the_leaky_one_is_refused(made: Films) -> None:
    """The years and Fresh have the same ends on either table: both states, and both models, are equal to the last bit."""
    verdicts, digests = {}, set()
    for name, table in (("clean", made.seen), ("leaky", made.all)):
        preparation = table.fit(prep.MinMax("Year", "Fresh"))
        model = made.train(made.seen, preparation)
        result = made.flow.run(want={"preparation": preparation, "model": model, "report": model.evaluate(made.unseen)})
        digests.add((result["preparation"].digest, result["model"].digest))
        version = publish(result["model"], "equal")
        verdicts[name] = version.homologate(checks=["leak"]).checks[0].verdict
    assert verdicts == {"clean": "passed", "leaky": "failed"}
    assert len(digests) == 1


def test_a_split_inside_the_seen_side_is_fine(made: Films) -> None:
    inner, held_out = made.seen.split(inner=0.7, held_out=0.3, by="imdbID", seed=1)
    model = made.train(inner, made.preparation(inner))
    for table in (held_out, made.unseen):
        assert made.judge(model, table)["leak"].verdict == "passed"


def test_what_came_round_the_split_is_seen(made: Films) -> None:
    """Unseen rows that are put back below the split."""
    both = made.seen.union(made.unseen)
    check = made.judge(made.train(both, made.preparation(made.seen)), made.unseen)["leak"]
    assert check.verdict == "failed"
