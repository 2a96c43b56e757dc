"""Building and running dataflows: errors at the line, the memo, what is recorded, canonical results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import polars as pl
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from tests.films import films, import_films

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, Conflict, WrongType
from instar.data.datasets.dataset import import_data
from instar.flow.dataflow import Dataflow
from instar.flow.outcome import Done
from instar.flow.table import Model, Preparation, Report, Table
from instar.models.registry import publish
from instar.serve.deployment import deploy
from instar.store import Store, open_store
from instar.store.keeping.check import check


@dataclass
class Graph:
    """The graph of the README: two tables, joined, split, a preparation, a model and its report."""

    flow: Dataflow
    films: Table
    seen: Table
    unseen: Table
    preparation: Preparation
    model: Model
    report: Report


def graph(store: Store, chunk_rows: int = 400, terms: int = 20) -> Graph:
    omdb, tomatoes = import_films(store, chunk_rows=chunk_rows)
    flow = Dataflow("movie-rating", store=store)
    table = flow.source("omdb", omdb).join(flow.source("tomatoes", tomatoes), on="ID").distinct(on=["imdbID"])
    seen, unseen = table.split(seen=0.8, unseen=0.2, by="imdbID", seed=7)
    preparation = seen.fit(
        prep.Impute("Runtime", strategy="median"),
        prep.MultiHot("Genre", separator=", "),
        prep.TfIdf("Title", terms=terms),
        prep.Standardize("Runtime", "Year"),
    )
    model = seen.train(LogisticRegression(max_iter=500), preparation, target=prep.Above("Meter", quantile=0.5))
    return Graph(flow, table, seen, unseen, preparation, model, model.evaluate(unseen))


def test_a_model_is_trained_and_judged_on_rows_it_has_not_seen(store: Store) -> None:
    made = graph(store)
    result = made.flow.run(want={"model": made.model, "report": made.report, "unseen": made.unseen})
    report = result["report"]
    assert report.roc_auc.low > 0.7
    assert repr(result) == f"Result(model, report, unseen; run {result.run[:8]})"
    assert repr(report).startswith(f"Report(Meter, {report.rows} rows, accuracy 0.")
    assert len(repr(report)) < 100
    assert report.rows + report.rows_without_target == result["unseen"].height
    bundle = result["model"].bundle()
    assert bundle.signature.names == ("Runtime", "Genre", "Title", "Year")
    assert len(bundle.predict(result["unseen"]).values) == result["unseen"].height
    assert check(store).clean


def test_a_join_prefixes_equal_names_and_keeps_roles(store: Store) -> None:
    made = graph(store)
    assert "tomatoes.Rating" in made.films.schema
    assert made.films.schema["imdbID"].role == "id"
    frame = made.flow.run(want={"films": made.films})["films"]
    assert tuple(frame.columns) == made.films.schema.names
    assert frame["ID"].is_sorted()


@pytest.mark.parametrize(
    ("mistake", "error", "words"),
    [
        (lambda g: g.films.filter(pl.col("Yaer") > 1990), ColumnMissing, "did you mean 'Year'"),
        (lambda g: g.films.select("Title", "Runtme"), ColumnMissing, "did you mean 'Runtime'"),
        (lambda g: g.films.with_columns(pl.col("Title") + 1), BadInput, "with_columns"),
        (lambda g: g.films.filter(pl.col("Title") > 1990), BadInput, "correct the expression"),
        (lambda g: g.films.with_columns(pl.col("Meter").mean().over("Genre")), BadInput, "group_by and join"),
        (lambda g: g.films.distinct(on="imdb"), ColumnMissing, "Distinct"),
        (lambda g: g.films.sort("when"), ColumnMissing, "sort"),
        (lambda g: g.films.split(a=0.5, b=0.5, by="nobody"), ColumnMissing, "split"),
        (lambda g: g.films.split(a=0.5, b=0.6, by="ID"), BadInput, "add up"),
        (
            lambda g: g.films.join(g.films.select("ID", pl.col("Year").cast(pl.String)), on=["ID", "Year"]),
            WrongType,
            "cast",
        ),
        (lambda g: g.films.join(g.films, on="ID", how="outer"), BadInput, "inner, left or anti"),
        (lambda g: g.films.union(g.films.select("ID")), ColumnMissing, "union"),
        (lambda g: g.seen.fit(prep.Standardize("Title")), WrongType, "Cast"),
        (lambda g: g.seen.fit(prep.Impute("Runtme")), ColumnMissing, "did you mean 'Runtime'"),
        (lambda g: g.seen.train(LogisticRegression, g.preparation, target="Fresh"), BadInput, "give one made"),
        (lambda g: g.seen.train(LogisticRegression(), target="Fresh"), BadInput, "features="),
        (lambda g: g.seen.train(LogisticRegression(), g.preparation, target="Mter"), ColumnMissing, "Meter"),
        (lambda g: g.seen.train(LogisticRegression(), g.preparation, target="Year"), BadInput, "given the answer"),
        (lambda g: g.model.evaluate(g.films.select("Runtime", "Genre", "Title", "Year")), ColumnMissing, "Meter"),
        (lambda g: g.seen.fit("Year"), BadInput, r"'Year' is no operator; .*prep.Impute\('Year'\)"),
        (lambda g: g.model.evaluate("unseen"), BadInput, "'unseen' is a str; give a table"),
        (lambda g: g.films.split(a=0.5, b=0.5, by="ID", seed="x"), BadInput, "give a whole number"),
        (lambda g: g.films.split(a=0.5, b="0.5", by="ID"), BadInput, "give a number between"),
        (lambda g: g.films.write("a/b"), BadInput, "dataset name 'a/b'"),
        (lambda g: g.flow.run(want="model"), BadInput, "want is a str"),
        (lambda g: g.flow.run(want={}), BadInput, "nothing is wanted"),
        (lambda g: g.flow.run(want={"x": 1}), BadInput, "is a int"),
        (lambda g: Dataflow("other", store=g.flow.store).run(want={"x": g.model}), BadInput, "another dataflow"),
    ],
)
def test_a_mistake_is_an_error_at_the_line_that_makes_it(
    store: Store, mistake: object, error: type[Exception], words: str
) -> None:
    made = graph(store)
    with pytest.raises(error, match=words):
        mistake(made)  # type: ignore[operator]


def test_running_again_does_nothing_again_and_makes_only_a_new_run(store: Store) -> None:
    made = graph(store)
    first = made.flow.run(want={"model": made.model, "report": made.report})
    before = store.nodes.since(limit=100_000)
    again = graph(store)
    second = again.flow.run(want={"model": again.model, "report": again.report})
    added = store.nodes.since(before.cursor).record
    assert [node.kind for node in added.nodes] == ["run"]
    assert (second.counts.steps_ran, second.counts.tasks_ran) == (0, 0)
    assert second["model"] == first["model"]
    assert second["report"] == first["report"]


def test_a_memo_that_the_record_does_not_confirm_is_not_believed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = graph(store)
    made.flow.run(want={"model": made.model})
    truly = store.memo.get

    def forged(keys: Sequence[str]) -> dict[str, bytes]:
        """Every step says that it made another thing."""
        found = truly(keys)
        steps = {key: msgspec.json.decode(value, type=Done) for key, value in found.items() if value[:1] == b"{"}
        wrong = {
            key: msgspec.structs.replace(done, made={port: done.activity for port in done.made})
            for key, done in steps.items()
        }
        return found | {key: msgspec.json.encode(done) for key, done in wrong.items()}

    monkeypatch.setattr(store.memo, "get", forged)
    again = graph(store)
    second = again.flow.run(want={"model": again.model})
    assert second.counts.steps_ran > 0
    assert check(store).clean


def test_changing_the_last_step_runs_only_that(store: Store) -> None:
    made = graph(store)
    made.flow.run(want={"report": made.report})
    forest = RandomForestClassifier(n_estimators=5)
    other = made.seen.train(forest, made.preparation, target=prep.Above("Meter", quantile=0.5))
    counts = made.flow.run(want={"report": other.evaluate(made.unseen)}).counts
    assert counts.steps_ran == 2  # train, evaluate


def test_summaries_of_unchanged_chunks_are_not_taken_again(store: Store) -> None:
    omdb, _ = films()
    flow = Dataflow("years", store=store)
    for rows, expected in ((1200, (3, 0)), (1500, (1, 3))):
        version = import_data("omdb", omdb[:rows], store=store, chunk_rows=400)
        counts = flow.run(want={"scale": flow.source("omdb", version).fit(prep.Standardize("Year"))}).counts
        assert (counts.tasks_ran, counts.tasks_known) == expected


def test_results_do_not_depend_on_the_chunking_or_the_store(store: Store) -> None:
    digests = set()
    for number, chunk_rows in enumerate((400, 400, 1500)):
        other = open_store(store.folder.parent / f"store{number}")
        made = graph(other, chunk_rows)
        result = made.flow.run(want={"model": made.model, "films": made.films})
        digests.add((chunk_rows, result["model"].digest))
        other.close()
    assert len({digest for chunk_rows, digest in digests if chunk_rows == 400}) == 1


def test_every_activity_is_recorded_down_to_the_import(store: Store) -> None:
    made = graph(store)
    result = made.flow.run(want={"report": made.report})
    up = store.nodes.ancestors(result.activities["report"])
    verbs = {node.name for node in up.of_kind("activity")}
    assert verbs == {"evaluate", "train", "fit", "split", "distinct", "join", "source", "import"}
    assert {node.kind for node in up.nodes} >= {"environment", "code", "dataset_version", "chunk", "table", "state"}
    assert result.run in store.nodes.descendants(made.films.step.inputs[0].step.inputs[0].step.verb.version.id).depth  # type: ignore[attr-defined]


def test_the_run_has_the_model_s_parameters_and_the_report_s_figures(store: Store) -> None:
    made = graph(store)
    result = made.flow.run(want={"model": made.model, "report": made.report}, name="first try")
    parameters = {param.key: param.value for param in store.nodes.params([result.run])}
    assert (parameters["learner"], parameters["max_iter"]) == ("LogisticRegression", "500")
    assert store.metrics.last([result.run])[result.run]["roc_auc"].value == result["report"].roc_auc.value
    assert store.labels.of([result.run])[result.run]["status"].value == "finished"


def test_a_failing_function_fails_the_run_and_leaves_the_store_clean(store: Store) -> None:
    made = graph(store)

    def broken(frame: pl.DataFrame) -> pl.DataFrame:
        if frame.height:
            raise ZeroDivisionError("no films")
        return frame

    fit = made.seen.map(broken).fit(prep.Standardize("Year"))
    with pytest.raises(ZeroDivisionError):
        made.flow.run(want={"fit": fit}, name="broken")
    [run] = [label.subject for label in store.labels.where("status", "failed")]
    assert "no films" in store.labels.of([run])[run]["error"].value
    assert check(store).clean


def test_whole_table_verbs_give_what_polars_gives(store: Store) -> None:
    made = graph(store)
    by_year = made.films.group_by("Year", pl.col("Meter").mean(), pl.len().alias("films"))
    old = made.films.filter(pl.col("Year") < 1950)
    rest = made.films.join(old.select("ID"), on="ID", how="anti")
    wanted = {
        "films": made.films,
        "by_year": by_year,
        "both": old.union(rest),
        "late": made.films.sort(["Year", "ID"], descending=True),
        "mapped": made.films.map(lambda frame: frame.with_columns(age=2026 - pl.col("Year"))).select("age"),
        "prepared": made.films.apply(made.preparation).select("Genre"),
    }
    result = made.flow.run(want=wanted)
    frame = result["films"]
    expected = frame.group_by("Year").agg(pl.col("Meter").mean(), pl.len().alias("films")).sort("Year")
    assert result["by_year"].equals(expected)
    assert sorted(result["both"]["ID"]) == sorted(frame["ID"])
    assert result["late"].equals(frame.sort(["Year", "ID"], descending=True))
    assert result["mapped"]["age"].to_list() == (2026 - frame["Year"]).to_list()
    assert isinstance(result["prepared"].schema["Genre"], pl.Array)


def test_a_written_table_is_a_dataset_version_with_its_lineage(store: Store) -> None:
    made = graph(store)
    first = made.flow.run(want={"kept": made.seen.write("seen-films")})["kept"]
    second = made.flow.run(want={"kept": made.seen.write("seen-films")})["kept"]
    assert first == second
    assert first.to_polars().height == first.rows > 1000
    assert "split" in {node.name for node in store.nodes.ancestors(first.id).of_kind("activity")}
    source = made.flow.source("kept", "seen-films")
    assert source.schema == made.seen.schema


def test_a_preparation_for_another_target_is_refused(store: Store) -> None:
    made = graph(store)
    preparation = made.seen.fit(prep.Standardize("Year"), target="Fresh")
    model = made.seen.train(LogisticRegression(), preparation, target=prep.Above("Meter", quantile=0.5))
    with pytest.raises(Conflict, match="another target"):
        made.flow.run(want={"model": model})


def test_without_a_preparation_the_named_columns_are_the_features(store: Store) -> None:
    made = graph(store)
    model = made.seen.train(
        RandomForestClassifier(n_estimators=3), target=prep.Above("Meter", value=60), features=["Year", "Fresh"]
    )
    bundle = made.flow.run(want={"model": model})["model"].bundle()
    assert bundle.signature.names == ("Year", "Fresh")
    assert bundle.estimator.random_state is not None


def test_what_a_library_cannot_treat_is_said_with_the_step_and_the_way_out(store: Store) -> None:
    made = graph(store)
    model = made.seen.train(LogisticRegression(), target=prep.Above("Meter", value=60), features=["Year", "Runtime"])
    with pytest.raises(
        BadInput, match=r"train LogisticRegression on seen: .* missing values are in Runtime: put Impute"
    ):
        made.flow.run(want={"model": model})
    dates = made.films.with_columns(pl.col("Title").str.to_date("%Y-%m-%d"))
    with pytest.raises(BadInput, match=r"(?s)fit on omdb: .*strict=False"):
        made.flow.run(want={"fit": dates.fit(prep.Standardize("Year"))})
    assert check(store).clean


def test_one_candidate_may_stand_alone_in_a_deployment(store: Store) -> None:
    made = graph(store)
    version = publish(made.flow.run(want={"model": made.model})["model"], "movie-rating")
    one = deploy("rating", "movie-rating@1", experimental=True, store=store)
    assert deploy("rating", version, experimental=True, store=store).id == one.id
