"""Publishing: from a dataflow's record and from a script."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from tests.models.graphs import Graph
from tests.models.published import FEATURES, Publishing, table

from instar.base.errors import BadInput, NotFound
from instar.models.model import Model
from instar.models.recording import FEATURE_ROWS, ROWS, SAMPLE, read_digests
from instar.models.registry import publish, version
from instar.store import Store
from instar.store.find.query import parse
from instar.store.records import Node, Record


def fitted(**parameters: Any) -> LogisticRegression:
    return LogisticRegression(**parameters).fit(table()[:300].select(FEATURES).to_pandas(), table()[:300]["good"])


def test_a_published_version_is_found_by_name_number_and_id(store: Store) -> None:
    one, two = Publishing(Graph(store)).publish(), Publishing(Graph(store)).publish()
    assert (str(one), str(two), one.new) == ("movie-rating@1", "movie-rating@2", True)
    assert version("movie-rating@1", store).id == version(one.id, store).id == one.id
    assert version("movie-rating", store).id == two.id
    np.testing.assert_array_equal(one.load().predict(table()).values, two.load().predict(table()).values)


def test_the_same_model_again_is_no_new_version(store: Store) -> None:
    one = Publishing(Graph(store)).publish()
    again = publish(Model(one.bundle_id, one.digest, one.training, "default", store), "movie-rating")
    assert (again.id, again.number, again.new) == (one.id, 1, False)
    assert version("movie-rating", store).activity == one.activity


def test_equal_weights_from_another_training_are_another_version(store: Store) -> None:
    one, two = Publishing(Graph(store)).publish(), Publishing(Graph(store)).publish()
    assert one.digest == two.digest
    assert one.id != two.id


def test_a_version_is_searched_by_learner_feature_and_target(store: Store) -> None:
    one = Publishing(Graph(store)).publish()
    found = store.nodes.find(parse("model_version learner:LogisticRegression feature:year target:good"))
    assert [node.id for node in found] == [one.id]
    assert store.nodes.find(parse("model_version feature:title")) == []
    assert [(each.name, each.type, each.unit, each.role) for each in store.nodes.features([one.id])] == [
        ("year", "float64", "", "feature"),
        ("runtime", "float64", "minute", "feature"),
        ("good", "bool", "", "target"),
    ]


def test_lineage_leads_from_a_version_to_its_source_files_and_back(store: Store) -> None:
    one = Publishing(Graph(store)).publish()
    above = store.nodes.ancestors(one.id)
    assert {"file", "dataset_version", "bundle"} <= {node.kind for node in above.nodes}
    file = above.of_kind("file")[0]
    assert one.id in {node.id for node in store.nodes.descendants(file.id).nodes}


def test_unknown_names_are_answered_with_what_there_is(store: Store) -> None:
    Publishing(Graph(store)).publish()
    with pytest.raises(NotFound, match="did you mean 'movie-rating'"):
        version("movie-ratin", store)
    with pytest.raises(NotFound, match="no model version 'movie-rating@7'; did you mean 'movie-rating@1'"):
        version("movie-rating@7", store)
    with pytest.raises(BadInput, match="name@number"):
        version("movie-rating@one", store)
    with pytest.raises(BadInput, match="model name 'a@b' has '@'"):
        publish(fitted(), "a@b", store=store)


def test_a_scripts_estimator_is_published_with_the_signature_of_its_inputs(store: Store) -> None:
    train = table()[:300]
    made = publish(
        fitted(), "good-film", inputs=train.select(*FEATURES, "good").to_pandas(), target="good", store=store
    )
    signature = made.load().signature
    assert signature.names == ("year", "runtime")
    assert (signature.target.name, signature.target.type, signature.task) == ("good", "bool", "binary")
    training = store.nodes.get([made.training])[0]
    assert training.doc["learner"] == "LogisticRegression"
    assert training.doc["rows"] == 300
    rows = read_digests(store, made.training, ROWS)
    assert rows is not None
    assert rows.size == 300
    assert (np.diff(rows.astype(object)) >= 0).all()
    assert read_digests(store, made.training, FEATURE_ROWS) is not None
    assert SAMPLE in {file.path for file in store.nodes.files([made.training])}


def test_an_array_gets_columns_x0_to_xn(store: Store) -> None:
    x, y = table().select(FEATURES).to_numpy(), table()["good"].to_numpy()
    made = publish(LogisticRegression().fit(x, y), "m", inputs=x, target=("good", y), store=store)
    assert made.load().signature.names == ("x0", "x1")
    assert made.load().predict(pl.DataFrame({"x0": [9.0], "x1": [0.0]})).values.tolist() == [True]


def test_a_pipeline_over_named_columns_answers_from_raw_rows(store: Store) -> None:
    rows = table().with_columns(kind=pl.lit("a"))
    columns = make_column_transformer((OneHotEncoder(), ["kind"]), ("passthrough", FEATURES))
    model = make_pipeline(columns, RandomForestClassifier(3, random_state=1))
    inputs = rows.select("kind", *FEATURES)
    made = publish(model.fit(inputs.to_pandas(), rows["good"]), "m", inputs=inputs, target="good", store=store)
    np.testing.assert_array_equal(made.load().predict(rows).values, model.predict(inputs.to_pandas()))
    assert made.node.doc["learner"] == "RandomForestClassifier"


def test_a_scripts_evaluation_is_recorded_with_its_report(store: Store) -> None:
    test = table()[300:]
    made = publish(
        fitted(),
        "m",
        inputs=table()[:300].select(*FEATURES, "good"),
        target="good",
        evaluated_on=(test.select(FEATURES), test["good"]),
        store=store,
    )
    found = made.homologate(checks=["leak", "disjoint", "baseline"])
    assert [check.verdict for check in found.checks] == ["unknown", "passed", "passed"]


@pytest.mark.parametrize(("begin", "verdict"), [(299, "unknown"), (200, "failed")])
def test_some_equal_rows_of_a_script_may_be_coincidence_and_all_are_not(store: Store, begin: int, verdict: str) -> None:
    rows = table().select(*FEATURES, "good")
    end = 400 if verdict == "unknown" else 300
    made = publish(fitted(), "m", inputs=rows[:300], target="good", evaluated_on=rows[begin:end], store=store)
    [check] = made.homologate(checks=["disjoint"]).checks
    assert check.verdict == verdict
    assert "(all columns given)" in check.text
    assert ("accepts the check disjoint by name" if verdict == "unknown" else "evaluated_on=") in check.text


def test_a_run_is_above_the_training(store: Store) -> None:
    class Run:
        id = "0" * 31 + "7"

        def __init__(self) -> None:
            self.store = store

        def flush(self) -> None:
            store.nodes.put([Record((Node(self.id, "run", project="default", name="baseline"),))])

    made = publish(fitted(), "m", run=Run(), inputs=table().select(FEATURES), target="good")
    assert Run.id in {node.id for node in store.nodes.ancestors(made.id).nodes}


def test_a_regression_has_a_number_for_a_target(store: Store) -> None:
    x = table().select(FEATURES)
    made = publish(LinearRegression().fit(x.to_numpy(), x["year"] * 2), "m", inputs=x, target="twice", store=store)
    assert (made.load().signature.task, made.load().signature.target.type) == ("regression", "float64")


def test_what_is_missing_is_named(store: Store) -> None:
    with pytest.raises(BadInput, match=r"needs inputs= .* and target="):
        publish(fitted(), "m", store=store)
    with pytest.raises(BadInput, match="is not fitted; call fit first"):
        publish(LogisticRegression(), "m", inputs=table(), target="good", store=store)
    estimator = LogisticRegression().fit(table().select(FEATURES).to_numpy(), table()["good"])
    with pytest.raises(BadInput, match="fitted on 2 columns, inputs= has 4"):
        publish(estimator, "m", inputs=table(), target="good", store=store)
    with pytest.raises(BadInput, match="has no rows"):
        publish(fitted(), "m", inputs=table().head(0), target="good", store=store)
    with pytest.raises(BadInput, match="knows its inputs"):
        publish(Model("", "", "", "default", store), "m", inputs=table())
