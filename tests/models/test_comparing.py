"""Models beside each other, and the raw columns behind them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from tests.films import films

from instar import prep
from instar.base.errors import NotFound
from instar.data.datasets.dataset import import_data
from instar.flow.dataflow import Dataflow
from instar.models.comparing import compare, rank, similar
from instar.models.origins import original_features
from instar.models.registry import publish
from instar.store import Store, open_store


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three versions: two of one learner on one table, one of another learner with a feature less."""
    omdb, tomatoes = films(600)
    with open_store(tmp_path_factory.mktemp("comparing") / "store") as store:
        left = import_data("omdb", omdb, store=store)
        right = import_data("tomatoes", tomatoes, store=store)
        flow = Dataflow("rating", store=store)
        joined = flow.source("omdb", left).join(flow.source("tomatoes", right), on="ID")
        table = joined.with_columns((pl.col("Runtime") / 60 + pl.col("Year") * 0).alias("Hours")).distinct(
            on=["imdbID"]
        )
        seen, unseen = table.split(seen=0.7, unseen=0.3, by="imdbID", seed=1)
        target = prep.Above("Meter", quantile=0.5)
        both = seen.fit(prep.Impute("Hours", "tomatoes.Rating", strategy="median"))
        one = seen.fit(prep.Impute("Hours", strategy="median"))
        made = {
            "a": seen.train(LogisticRegression(C=1.0), both, target=target),
            "b": seen.train(LogisticRegression(C=0.1), both, target=target),
            "c": seen.train(DecisionTreeClassifier(max_depth=2), one, target=target),
        }
        reports = {f"{name} report": model.evaluate(unseen) for name, model in made.items()}
        result = flow.run(want={**made, **reports})
        for name in made:
            publish(result[name], f"model-{name}")
        yield store


def test_what_differs_between_two_models_is_named(published: Store) -> None:
    found = compare(published, "model-a", "model-b@1")
    assert [(each.name, each.a, each.b) for each in found.parameters if each.name != "random_state"] == [
        ("C", 1.0, 0.1)
    ]
    assert (found.about, found.features, found.equal) == ((), (), ("Hours", "tomatoes.Rating"))
    other = compare(published, "model-a", "model-c")
    assert [each.name for each in other.about] == ["learner"]
    assert [(each.name, each.b) for each in other.features] == [("tomatoes.Rating", None)]


def test_likeness_says_by_what_measure(published: Store) -> None:
    first, second = similar(published, "model-a")
    assert (first.version, first.features, first.learner, first.data) == ("model-b@1", 1.0, 1.0, 1.0)
    assert 0.8 < first.parameters < 1.0
    assert (second.version, second.features, second.learner) == ("model-c@1", 0.5, 0.0)
    assert second.likeness == pytest.approx((0.5 + 0.0 + second.parameters + 1.0) / 4)
    assert similar(published, "model-a", limit=1) == [first]


def test_models_are_ranked_by_their_evaluations_with_intervals(published: Store) -> None:
    found = rank(published, "accuracy")
    assert len(found) == 3
    assert [each.value for each in found] == sorted((each.value for each in found), reverse=True)
    for each in found:
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high
        assert each.rows > 100
    assert rank(published, "accuracy", ascending=True) == found[::-1] or len({each.value for each in found}) < 3
    assert [each.version for each in rank(published, "roc_auc", name="model-c")] == ["model-c@1"]
    with pytest.raises(NotFound, match="did you mean 'accuracy'"):
        rank(published, "acuracy")


def test_features_are_followed_back_to_raw_columns(published: Store) -> None:
    found = {each.feature: each for each in original_features(published, "model-a")}
    assert all(not each.unknown for each in found.values())
    behind = {name: [(raw.dataset, raw.column) for raw in each.columns] for name, each in found.items()}
    assert behind == {
        "Hours": [("omdb@1", "Runtime"), ("omdb@1", "Year")],
        "tomatoes.Rating": [("tomatoes@1", "Rating")],
        "Meter": [("tomatoes@1", "Meter")],
    }


def test_what_a_function_made_is_said_to_be_unknown(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0] * 10, "y": [0, 1, 0, 1] * 10, "id": range(40)})
    with open_store(tmp_path / "store") as store:
        flow = Dataflow("f", store=store)
        table = flow.source("t", import_data("t", frame, store=store)).map(_doubled)
        result = flow.run(want={"m": table.train(LogisticRegression(), features=["x", "z"], target="y")})
        publish(result["m"], "m")
        found = {each.feature: each for each in original_features(store, "m")}
        assert "does not say from what" in found["z"].unknown
        assert found["z"].columns == ()


def _doubled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(z=pl.col("x") * 2)
