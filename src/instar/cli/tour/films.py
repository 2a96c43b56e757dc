"""Stages 1 to 3: import the films, prepare them, train three models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from instar.base.errors import NotFound
from instar.cli.render import Table
from instar.cli.tour.say import Say, short
from instar.data import operators as prep
from instar.data.datasets.dataset import DatasetVersion, import_data
from instar.flow.dataflow import Dataflow
from instar.flow.result import Result
from instar.flow.table import Model, Preparation, Report
from instar.flow.table import Table as FlowTable

if TYPE_CHECKING:
    from instar.store import Store

CHUNK_ROWS = 4096
TARGET = prep.Above("Meter", quantile=0.5)
SEED = 7


@dataclass(frozen=True)
class Trained:
    """One of the three: its letter, what it is, and what the dataflow made of it."""

    letter: str
    what: str
    result: Result


def find_films() -> Path:
    """The SQLite file with the two tables of films. Raises NotFound when its package is not installed."""
    try:
        import bokeh_sampledata
    except ModuleNotFoundError:
        raise NotFound("package", "bokeh-sampledata", next_step="install it: `pip install 'instar[tour]'`") from None
    return Path(str(bokeh_sampledata.__file__)).parent / "_data" / "movies.db"


def import_films(say: Say, store: Store) -> tuple[DatasetVersion, DatasetVersion]:
    """Stage 1: both tables as dataset versions, and what is in them."""
    path = find_films()
    roles: dict[str, Any] = {"omdb": {"ID": "id", "imdbID": "id"}, "tomatoes": {"ID": "id"}}
    units = {"omdb": {"Runtime": "minute"}, "tomatoes": {"Meter": "percent", "BoxOffice": "USD"}}
    versions = []
    for table in ("omdb", "tomatoes"):
        with say.progress(f"import {table}") as progress:
            version = import_data(
                table,
                path,
                table=table,
                chunk_rows=CHUNK_ROWS,
                roles=roles[table],
                units=units[table],
                store=store,
                progress=progress,
            )
        versions.append(version)
        say.tell(
            f"{version}  {short(version.id)}  {version.rows:,} rows in {len(version.chunks)} chunks, "
            f"{len(version.schema)} columns, from {path.name}, table {table}"
            + ("" if version.new else "  (known already: nothing was imported anew)"),
            **{table: {"id": version.id, "rows": version.rows, "new": version.new}},
        )
    for version in versions:
        _profile(say, version)
    return versions[0], versions[1]


def _profile(say: Say, version: DatasetVersion) -> None:
    found = version.profile()
    say.tell("", str(found).rstrip(), **{f"{version.name}_findings": [finding.text for finding in found.findings]})


@dataclass(frozen=True)
class Films:
    """The graph: the joined table, its two sides, and the preparation that A and C share."""

    flow: Dataflow
    films: FlowTable
    seen: FlowTable
    unseen: FlowTable

    @classmethod
    def build(cls, store: Store, omdb: DatasetVersion, tomatoes: DatasetVersion) -> Films:
        flow = Dataflow("movie-rating", store=store)
        joined = flow.source("omdb", omdb).join(flow.source("tomatoes", tomatoes), on="ID")
        films = joined.distinct(on="imdbID").with_columns(
            pl.col("Released", "lastUpdated", "tomatoes.lastUpdated").str.to_date("%Y-%m-%d"),
            pl.col("Oscars").cast(pl.Int8),
        )
        seen, unseen = films.split(seen=0.8, unseen=0.2, by="imdbID", seed=SEED)
        return cls(flow, films, seen, unseen)

    def preparation(self, table: FlowTable) -> Preparation:
        """Runtime, Year, Genre and Title, and nothing from which the rating follows."""
        return table.fit(
            prep.Impute("Runtime", strategy="median"),
            prep.MultiHot("Genre", separator=", "),
            prep.TfIdf("Title", terms=2000),
            prep.Standardize("Runtime", "Year"),
        )


def prepare(say: Say, films: Films) -> None:
    """Stage 2: run the graph as far as the preparation."""
    preparation = films.preparation(films.seen)
    result = films.flow.run(
        want={"seen": films.seen, "unseen": films.unseen, "preparation": preparation}, name="prepare"
    )
    seen, unseen, fitted = result["seen"], result["unseen"], result["preparation"]
    rows = seen.height + unseen.height
    say.tell(
        f"joined on ID, one row for each imdbID, dates and counts typed: {rows:,} films",
        f"split by a hash of imdbID, seed {SEED}: {seen.height:,} seen ({seen.height / rows:.1%}), {unseen.height:,} unseen",
        f"preparation {fitted.digest[:8]}, fitted on the seen side only:",
        *(f"  {line}" for line in fitted.explain().split("\n")),
        f"  {len(fitted.features)} columns become {len(fitted.feature_names()):,} features",
        _known(result),
        seen=seen.height,
        unseen=unseen.height,
        preparation=fitted.digest,
        steps_ran=result.counts.steps_ran,
    )


def train(say: Say, films: Films) -> list[Trained]:
    """Stage 3: A and B as it should be, C on rows that it will be judged on."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB

    seen, every = films.seen, films.films
    logistic = seen.train(LogisticRegression(max_iter=1000), films.preparation(seen), target=TARGET)
    bayes = seen.train(MultinomialNB(), seen.fit(prep.TfIdf("Title", terms=2000)), target=TARGET)
    forest = every.train(
        RandomForestClassifier(n_estimators=60, min_samples_leaf=2, n_jobs=-1), films.preparation(every), target=TARGET
    )
    wanted = {
        "A": ("logistic regression on Runtime, Year, Genre, Title", logistic),
        "B": ("naive Bayes on the title's text", bayes),
        "C": ("random forest with A's features, trained on all rows", forest),
    }
    trained = [_train(films, letter, what, model) for letter, (what, model) in wanted.items()]
    rows = [_row(say, each) for each in trained]
    say.tell(
        "target: Meter above the median of the table that trains",
        Table(("", "model", "learner", "training rows", "accuracy in training", "run"), rows),
        _known(*(each.result for each in trained)),
    )
    return trained


def _train(films: Films, letter: str, what: str, model: Model) -> Trained:
    report: Report = model.evaluate(films.unseen)
    return Trained(letter, what, films.flow.run(want={"model": model, "report": report}, name=f"{letter} {what}"))


def _row(say: Say, trained: Trained) -> tuple[object, ...]:
    result = trained.result
    model = result["model"]
    doc = model.store.nodes.get([model.activity])[0].doc
    say.tell(
        **{
            trained.letter: {
                "run": result.run,
                "bundle": model.id,
                "learner": doc["learner"],
                "rows": doc["rows"],
                "steps_ran": result.counts.steps_ran,
            }
        }
    )
    accuracy = doc["training"]["accuracy"]
    return trained.letter, trained.what, doc["learner"], doc["rows"], accuracy, short(result.run)


def _known(*results: Result) -> str:
    ran = sum(result.counts.steps_ran for result in results)
    known = sum(result.counts.steps_known for result in results)
    if not ran:
        return "nothing was fitted anew: every step was known from an earlier run; only the new run was recorded"
    return f"{ran} steps ran, {known} were known already"
