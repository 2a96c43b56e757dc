"""Bundles: saved, loaded, digested; in a store; read by MLflow's rules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from instar.base.errors import BadInput, ColumnMissing, Corrupt, NotFound
from instar.base.ids import content_id
from instar.base.schema import Field
from instar.data.operators import Impute, MultiHot
from instar.data.preparing.fitting import fit
from instar.models.bundle import Bundle, NotABundle, digest_of_folder
from instar.models.shelf import load_bundle, put_bundle, write_files
from instar.models.signature import signature_of
from instar.models.training import fit_estimator
from instar.store import Store
from instar.store.records import File, Node, Record

ROWS = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0] * 10, "y": [1.0, 0.0, 1.0, 0.0] * 10})
TRUTH = np.array([False, False, True, True] * 10)
FIELDS = (Field("x", "float64"), Field("y", "float64"))


def bundle_of(estimator: Any, truth: NDArray[Any] = TRUTH, **more: Any) -> Bundle:
    fitted = estimator.fit(ROWS.to_numpy(), truth)
    return Bundle(fitted, None, signature_of(fitted, FIELDS, Field("good", "bool")), **more)


def test_a_loaded_bundle_predicts_the_same_and_keeps_its_digest(tmp_path: Path) -> None:
    bundle = bundle_of(RandomForestClassifier(5, random_state=1), summaries={"x": b"1", "y": b"2"})
    bundle.save(tmp_path / "b")
    again = Bundle.load(tmp_path / "b")
    assert again.digest == bundle.digest == digest_of_folder(tmp_path / "b")
    assert again.summaries == {"x": b"1", "y": b"2"}
    assert again.signature == bundle.signature
    np.testing.assert_array_equal(again.predict(ROWS).scores, bundle.predict(ROWS).scores)


def test_the_environment_is_kept_beside_the_digest(tmp_path: Path) -> None:
    here, there = bundle_of(LogisticRegression(), environment="e1"), bundle_of(LogisticRegression(), environment="e2")
    here.save(tmp_path / "b")
    assert here.digest == there.digest
    assert Bundle.load(tmp_path / "b").environment == "e1"


def test_other_weights_parameters_or_summaries_give_another_digest() -> None:
    bundles = [
        bundle_of(LogisticRegression()),
        bundle_of(LogisticRegression(), ~TRUTH),
        bundle_of(LogisticRegression(C=0.5)),
        bundle_of(LogisticRegression(), summaries={"x": b"1"}),
    ]
    assert len({bundle.digest for bundle in bundles}) == 4


def test_a_changed_part_changes_the_digest_of_the_folder(tmp_path: Path) -> None:
    bundle_of(LogisticRegression(), summaries={"x": b"1"}).save(tmp_path / "b")
    before = digest_of_folder(tmp_path / "b")
    (tmp_path / "b" / "summaries.msgpack").write_bytes(b"\x80")
    assert digest_of_folder(tmp_path / "b") != before


def test_predictions_have_values_and_a_score_for_each_class() -> None:
    bundle = bundle_of(LogisticRegression())
    predictions = bundle.predict(ROWS)
    assert predictions.scores is not None
    assert predictions.scores.shape == (40, 2)
    np.testing.assert_array_equal(predictions.values, bundle.estimator.predict(ROWS.to_numpy()))
    np.testing.assert_allclose(predictions.scores.sum(axis=1), 1.0)


def test_an_estimator_without_probabilities_is_scored_by_its_decisions() -> None:
    predictions = bundle_of(LinearSVC()).predict(ROWS)
    assert predictions.scores is not None
    np.testing.assert_array_equal(predictions.scores[:, 1] > 0, predictions.values)


def test_a_regression_predicts_numbers() -> None:
    predictions = bundle_of(LinearRegression(), TRUTH.astype(float)).predict(ROWS)
    assert predictions.scores is None
    assert predictions.values.dtype == np.float64


def test_no_rows_give_no_predictions() -> None:
    predictions = bundle_of(LogisticRegression()).predict(ROWS.head(0))
    assert predictions.values.shape == (0,)
    assert predictions.values.dtype == np.bool_


def test_a_missing_column_is_named_and_extra_ones_are_ignored() -> None:
    bundle = bundle_of(LogisticRegression())
    with pytest.raises(ColumnMissing, match="no column 'y'"):
        bundle.predict(ROWS.select("x"))
    extra = ROWS.select(pl.lit("z").alias("other"), "y", "x")
    np.testing.assert_array_equal(bundle.predict(extra).values, bundle.predict(ROWS).values)


FILMS = pl.DataFrame({"Runtime": [90, None, 120, 60] * 5, "Genre": ["Drama", "Comedy, Drama", None, "War"] * 5})


@pytest.mark.parametrize("estimator", [LogisticRegression(), GaussianNB()], ids=["sparse", "dense"])
def test_a_bundle_carries_its_preparation(estimator: Any, tmp_path: Path) -> None:
    preparation = fit([Impute("Runtime"), MultiHot("Genre", separator=", ")], [FILMS])
    fitted = fit_estimator(estimator, preparation.matrix(FILMS), TRUTH[:20], seed=1)
    bundle = Bundle(fitted, preparation, signature_of(fitted, preparation.inputs, Field("good", "bool")))
    bundle.save(tmp_path / "b")
    again = Bundle.load(tmp_path / "b")
    assert again.signature.names == ("Runtime", "Genre")
    assert again.digest == bundle.digest == digest_of_folder(tmp_path / "b")
    np.testing.assert_array_equal(again.predict(FILMS).scores, bundle.predict(FILMS).scores)
    other = fit([Impute("Runtime"), MultiHot("Genre", separator=", ")], [FILMS.filter(pl.col("Runtime") != 60)])
    assert Bundle(fitted, other, bundle.signature).digest != bundle.digest


def test_an_estimator_that_knows_column_names_is_given_them() -> None:
    fitted = LogisticRegression().fit(ROWS.to_pandas(), TRUTH)
    bundle = Bundle(fitted, None, signature_of(fitted, FIELDS, Field("good", "bool")))
    assert bundle.predict(ROWS).values.shape == (40,)


def test_a_bundle_lies_in_the_store_as_content(store: Store) -> None:
    bundle = bundle_of(LogisticRegression())
    digest, record = put_bundle(store, bundle)
    store.nodes.put([record])
    store.nodes.put([put_bundle(store, bundle)[1]])  # other bytes of the same model: no error, the first are kept
    id = content_id("bundle", digest)
    assert store.nodes.get([id])[0].digest == digest == bundle.digest
    assert load_bundle(store, id).digest == digest


def test_a_corrupt_blob_is_refused(store: Store) -> None:
    digest, record = put_bundle(store, bundle_of(LogisticRegression()))
    store.nodes.put([record])
    model = next(file for file in record.files if file.path == "model.skops")
    path = next(path for path in store.folder.rglob(f"*{model.digest[4:]}*") if path.is_file())
    path.chmod(0o600)
    path.write_bytes(b"x" * model.size)
    with pytest.raises(Corrupt, match="`instar check`"):
        load_bundle(store, content_id("bundle", digest))


def test_a_file_that_would_leave_the_folder_is_not_written(store: Store, tmp_path: Path) -> None:
    id, digest = content_id("bundle", "00"), store.blobs.put(b"evil")
    store.nodes.put([Record((Node(id, "bundle", "00"),), files=(File(id, "../evil", digest, 4),))])
    with pytest.raises(BadInput, match="would leave its folder"):
        write_files(store, id, tmp_path / "out")
    assert not (tmp_path / "evil").exists()
    with pytest.raises(NotFound, match="instar check"):
        write_files(store, content_id("bundle", "11"), tmp_path / "out")


def test_a_folder_without_a_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotABundle, match="holds no bundle"):
        Bundle.load(tmp_path)
    (tmp_path / "bundle.json").write_text("{")
    with pytest.raises(NotABundle, match="cannot be read"):
        Bundle.load(tmp_path)
    with pytest.raises(BadInput, match="is not empty"):
        bundle_of(LogisticRegression()).save(tmp_path)


def test_the_mlmodel_file_names_the_skops_file_and_its_trusted_types(tmp_path: Path) -> None:
    bundle = bundle_of(RandomForestClassifier(2, random_state=1))
    bundle.save(tmp_path / "b")
    flavor = json.loads((tmp_path / "b" / "MLmodel").read_text())["flavors"]["sklearn"]
    assert flavor["serialization_format"] == "skops"
    assert (tmp_path / "b" / flavor["pickled_model"]).is_file()
    from skops.io import load

    loaded = load(tmp_path / "b" / flavor["pickled_model"], trusted=flavor["skops_trusted_types"])
    np.testing.assert_array_equal(loaded.predict(ROWS.to_numpy()), bundle.predict(ROWS).values)


_DIGEST = """
import sys, pathlib
from instar.data.preparing.fitting import fit
from instar.data.operators import Impute, MultiHot
from instar.models.bundle import Bundle
print(Bundle.load(pathlib.Path(sys.argv[1])).digest)
"""


def test_another_process_that_loads_and_dumps_it_again_finds_the_same_digest(tmp_path: Path) -> None:
    bundle = bundle_of(RandomForestClassifier(5, random_state=1))
    bundle.save(tmp_path / "b")
    other = subprocess.run(
        [sys.executable, "-c", _DIGEST, str(tmp_path / "b")], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == bundle.digest
