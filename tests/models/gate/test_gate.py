"""The gate's checks where the record is incomplete or wrong; the clean process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.models.graphs import Graph
from tests.models.published import Publishing, bundle, table

from instar.base.errors import BadInput
from instar.base.ids import event_id
from instar.base.schema import Field
from instar.models.bundle import Bundle
from instar.models.evidence import Check
from instar.models.gate.baseline import baseline
from instar.models.gate.clean import made_up, measure_apart
from instar.models.gate.declared import declared
from instar.models.gate.lineage import lineage
from instar.models.gate.loads import latency, loads
from instar.models.gate.rows import disjoint, leak
from instar.models.gate.subject import Subject
from instar.models.model import Model
from instar.models.registry import publish
from instar.models.shelf import put_bundle
from instar.models.signature import ModelSignature
from instar.store import Store
from instar.store.records import Edge, Record


def test_a_clean_process_measures_one_row_and_256(tmp_path: Path) -> None:
    bundle().save(tmp_path / "b")
    found = measure_apart(tmp_path / "b", table().head(10))
    assert found.error == ""
    assert found.digest == bundle().digest
    assert [each.rows for each in found.latencies] == [1, 256]
    assert all(0 < each.median <= each.p95 for each in found.latencies)


def test_a_bundle_that_cannot_load_fails_and_its_latency_is_unknown(store: Store) -> None:
    subject = Subject(Publishing(Graph(store)).publish())
    folder = store.folder / "broken"
    bundle().save(folder)
    (folder / "model.skops").write_bytes(b"no zip")
    subject.__dict__["measured"] = measure_apart(folder, None)
    assert loads(subject).verdict == "failed"
    assert "does not load in a clean process" in loads(subject).text
    assert latency(subject).verdict == "unknown"


def test_a_version_whose_content_was_exchanged_fails(store: Store) -> None:
    subject = Subject(Publishing(Graph(store)).publish())
    folder = store.folder / "other"
    bundle(noise=True).save(folder)
    subject.__dict__["measured"] = measure_apart(folder, table())
    assert "its content has the digest" in loads(subject).text
    assert loads(subject).verdict == "failed"


def bare(store: Store, kept: Bundle) -> Subject:
    """A version of which nothing is recorded but its training."""
    training = Graph(store).activity("train")
    digest, record = put_bundle(store, kept)
    store.nodes.put([record + Record(edges=(Edge(record.nodes[0].id, "generated", training, "model"),))])
    return Subject(publish(Model(record.nodes[0].id, digest, training, "default", store), "bare"))


def test_without_an_evaluation_nothing_is_claimed(store: Store) -> None:
    subject = bare(store, bundle())
    found: list[Check] = [leak(subject), disjoint(subject), baseline(subject), lineage(subject)]
    assert [check.verdict for check in found] == ["unknown"] * 4
    assert subject.sample is None


def test_a_signature_that_lacks_a_type_fails(store: Store) -> None:
    whole = bundle()
    field = Field("year", "whatever", role="feature")
    poor = ModelSignature((field, whole.signature.features[1]), whole.signature.target, "binary", (False, True))
    check = declared(bare(store, Bundle(whole.estimator, None, poor)))
    assert (check.verdict, check.text) == ("failed", "year has no known type")


def test_units_are_shown_and_missing_ones_counted(store: Store) -> None:
    check = declared(bare(store, bundle()))
    assert check.verdict == "passed"
    assert "runtime float64 in minute" in check.text
    assert "1 number has no unit" in check.text


def test_of_several_evaluations_the_newest_without_a_leak_counts(store: Store) -> None:
    graph = Graph(store)
    made = Publishing(graph).publish()
    clean = Subject(made).evaluations[0]
    seen = store.nodes.edges([made.training], "out", "informed")[0]
    leaky = graph.evaluate((seen.dst, "seen"), made.training)
    subject = Subject(made)
    assert [node.id for node in subject.evaluations] == [leaky, clean.id]
    assert subject.evaluation == clean
    assert leak(Subject(made, leaky)).verdict == "failed"
    with pytest.raises(BadInput, match="is no evaluation of movie-rating@1"):
        Subject(made, event_id())


def test_made_up_rows_have_the_types_of_the_signature() -> None:
    rows = made_up(bundle().signature)
    assert rows.schema == pl.Schema({"year": pl.Float64(), "runtime": pl.Float64()})
    assert np.isnan(rows.to_numpy().astype(float)).all()
