"""A published model with everything that a dataflow records of it, written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from tests.models.graphs import Graph

from instar.base.ids import content_id
from instar.base.rows import row_digests
from instar.base.schema import Field
from instar.models.bundle import Bundle
from instar.models.evaluate import evaluate
from instar.models.model import Model
from instar.models.recording import digest_files, report_record, sample_file
from instar.models.registry import ModelVersion, publish
from instar.models.shelf import put_bundle
from instar.models.signature import signature_of
from instar.models.training import fit_estimator
from instar.store.records import Edge, Record

FEATURES = ["year", "runtime"]


@cache
def table(rows: int = 400) -> pl.DataFrame:
    """Films with two features, an id and a target that follows from the year, more or less."""
    drawn = np.random.default_rng(4)
    year, runtime = drawn.normal(size=rows), drawn.normal(size=rows)
    good = year + 0.8 * drawn.normal(size=rows) > 0
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "year": year,
            "runtime": runtime,
            "title": [f"film {at}" for at in range(rows)],
            "good": good,
        }
    )


@cache
def bundle(noise: bool = False) -> Bundle:
    rows = table()[:300]
    truth = np.random.default_rng(1).random(300) > 0.5 if noise else rows["good"].to_numpy()
    fitted = fit_estimator(LogisticRegression(), rows.select(FEATURES).to_numpy(), truth, seed=1)
    fields = [Field("year", "float64"), Field("runtime", "float64", "minute")]
    return Bundle(fitted, None, signature_of(fitted, fields, Field("good", "bool")))


@dataclass
class Publishing:
    """Publishes ``bundle`` with the record of a clean dataflow; each part can be changed. graph : for more activities"""

    graph: Graph
    trained_on: str = "seen"
    evaluated: pl.DataFrame | None = None
    of: Bundle | None = None

    def publish(self, name: str = "movie-rating") -> ModelVersion:
        graph, store = self.graph, self.graph.store
        films = graph.step("distinct", table=graph.source("omdb"))
        seen, unseen = graph.split(films, "seen", "unseen")
        training = graph.train(seen if self.trained_on == "seen" else films)
        kept = self.of or bundle()
        digest, record = put_bundle(store, kept)
        id = content_id("bundle", digest)
        evaluation = graph.evaluate(unseen, training)
        evaluated = table()[300:] if self.evaluated is None else self.evaluated
        files = (
            *digest_files(store, training, *_digests(table()[:300])),
            *digest_files(store, evaluation, *_digests(evaluated)),
            sample_file(store, evaluation, evaluated, seed=1),
        )
        edges = (Edge(id, "generated", training, "model"), Edge(evaluation, "used", id, "model"))
        report = evaluate(kept, evaluated, evaluated["good"])
        store.nodes.put([record + Record(edges=edges, files=files), report_record(store, evaluation, report)])
        return publish(Model(id, digest, training, "default", store), name)


def _digests(rows: pl.DataFrame) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    columns: list[Any] = [name for name in rows.columns if name != "id"]
    return row_digests(rows, columns), row_digests(rows, [*FEATURES, "good"])
