"""Verbs that learn and judge: fit, train, evaluate."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.digests import digest_bytes, digest_value
from instar.base.errors import Conflict
from instar.base.ids import content_id
from instar.base.merge import fold
from instar.base.rows import row_digests
from instar.data.operators import AnyOperator, Column
from instar.data.preparing.fitting import Fitting, describing, summarise
from instar.data.preparing.preparation import Preparation
from instar.data.preparing.target import AnyTarget, Target
from instar.data.rows.batch import Batch, Matrix
from instar.data.summaries import Of
from instar.flow.action import Action
from instar.flow.failures import told_by_learner
from instar.flow.fingerprint import fingerprint
from instar.flow.outcome import Outcome
from instar.flow.pipeline import take_rows
from instar.flow.rowdigests import to_bytes
from instar.flow.step import Step
from instar.flow.work import Work
from instar.models.bundle import Bundle
from instar.models.evaluate import report_of
from instar.models.predictions import predict_matrix
from instar.models.shelf import load_bundle, put_bundle
from instar.models.signature import signature_of
from instar.models.training import derived_seed, fit_estimator, learner_of, parameters_of
from instar.store.records import File, Node, Record
from instar.track.environment import environment

Words = NDArray[np.uint64]
SAMPLE_ROWS = 1024


@dataclass(frozen=True)
class Fit(Action):
    """Fit operators, in order, on the table that says so, and the target if one is given."""

    operators: tuple[AnyOperator, ...]
    target: AnyTarget | None = None
    name: ClassVar[str] = "fit"

    def parameters(self) -> dict[str, Any]:
        operators = [operator.definition() for operator in self.operators]
        return {"operators": operators, "target": self.target.definition() if self.target else None}

    def execute(self, work: Work, step: Step) -> Outcome:
        fitting = work.fit(work.need("table"), Fitting(self.operators, work.schema, self.target))
        preparation = fitting.preparation()
        data = preparation.to_bytes()
        blob = work.store.blobs.put(data)
        node = Node(content_id("state", preparation.digest), "state", preparation.digest)
        files = {"target.json": _put(work, fitting.fitted_target().to_bytes())} if self.target else {}
        return Outcome(
            {"state": blob},
            {"state": node},
            record=Record((node,), files=(File(node.id, "preparation.json", blob, len(data)),)),
            files=files,
            doc={"learned": preparation.explain().split("\n")},
        )


@dataclass(frozen=True)
class Train(Action):
    """Train an estimator on prepared rows. Rows without a target are left out and counted."""

    estimator: Any
    target: AnyTarget
    features: tuple[str, ...] = ()
    name: ClassVar[str] = "train"

    def parameters(self) -> dict[str, Any]:
        return {
            "learner": learner_of(self.estimator),
            "parameters": parameters_of(self.estimator),
            "target": self.target.definition(),
            "features": list(self.features),
        }

    def fingerprint(self) -> str | None:
        mine = fingerprint(self.estimator)
        return None if mine is None else digest_value([self.name, mine, self.target.definition(), list(self.features)])

    def execute(self, work: Work, step: Step) -> Outcome:
        target = self._target(work)
        preparation = self._preparation(work)
        parts = work.over(
            work.need("table"), lambda frame: Part.of(frame, preparation, target, training=True), rows=True
        )
        rows = Rows.of(parts)
        seed, learner = self._seed(preparation, target, rows), learner_of(self.estimator)
        with told_by_learner(step.label, learner, rows.with_nulls(preparation.features)):
            estimator = fit_estimator(self.estimator, rows.matrix, rows.truth, seed)
        signature = signature_of(estimator, preparation.inputs, target.field)
        summaries = {name: fold(part.summaries[name] for part in parts).to_bytes() for name in parts[0].summaries}
        bundle = Bundle(estimator, preparation, signature, summaries, environment().digest)
        digest, record = put_bundle(work.store, bundle)
        training = report_of(signature, predict_matrix(estimator, signature, rows.matrix), rows.truth)
        return Outcome(
            {"model": {"bundle": record.nodes[0].id, "digest": digest}},
            {"model": record.nodes[0]},
            record=record,
            files={"target.json": _put(work, target.to_bytes()), **rows.files(work)},
            doc={
                "learner": learner_of(estimator),
                "estimator": parameters_of(estimator),
                "rows": len(rows.truth),
                "rows_without_target": rows.without_target,
                "target": target.explain(),
                "training": training.metrics(),
            },
        )

    def _seed(self, preparation: Preparation, target: Target, rows: Rows) -> int:
        """From what is trained on what: the same inputs give the same model, anywhere."""
        learned = digest_bytes(np.ascontiguousarray(rows.feature_rows).tobytes())
        return derived_seed("train", preparation.digest, target.digest, learner_of(self.estimator), learned)

    def _preparation(self, work: Work) -> Preparation:
        if (given := work.input("preparation")) is not None:
            preparation: Preparation = work.value(given)
            return preparation
        return work.fit(work.need("table"), Fitting([Column(*self.features)], work.schema)).preparation()

    def _target(self, work: Work) -> Target:
        """Fitted on the training table; one that the preparation was fitted with must be the same."""
        target = work.fit(work.need("table"), Fitting([], work.schema, self.target)).fitted_target()
        given = work.input("preparation")
        known = work.done(given.step).files.get("target.json") if given is not None else None
        if known and Target.from_bytes(work.store.blobs.read(known)) != target:
            raise Conflict(
                f"train: the preparation was fitted for another target than {self.target}; "
                "give fit(target=…) and train(target=…) the same one, on the same table"
            )
        return target


@dataclass(frozen=True)
class Evaluate(Action):
    """Judge a model on raw rows: the model carries its preparation, and the target was learned in training."""

    name: ClassVar[str] = "evaluate"

    def execute(self, work: Work, step: Step) -> Outcome:
        target = work.target()
        bundle = load_bundle(work.store, work.value(work.need("model"))["bundle"])
        assert isinstance(bundle.preparation, Preparation)
        preparation = bundle.preparation
        parts = work.over(work.need("table"), lambda frame: Part.of(frame, preparation, target), rows=True)
        rows = Rows.of(parts)
        with told_by_learner(step.label, learner_of(bundle.estimator), rows.with_nulls(preparation.features)):
            predictions = predict_matrix(bundle.estimator, bundle.signature, rows.matrix)
        report = report_of(bundle.signature, predictions, rows.truth, rows.without_target)
        data = report.to_bytes()
        blob = work.store.blobs.put(data)
        node = Node(content_id("report", blob), "report", blob)
        answers = pl.DataFrame({"truth": rows.truth, "value": predictions.values})
        if predictions.scores is not None:
            answers = answers.with_columns(pl.Series("scores", predictions.scores))
        return Outcome(
            {"report": blob},
            {"report": node},
            record=Record((node,), files=(File(node.id, "report.json", blob, len(data)),)),
            files={
                **rows.files(work),
                "predictions.parquet": _put(work, _parquet(answers)),
                "sample.parquet": _put(work, _parquet(sample(rows.raw, blob))),
            },
            doc={"rows": len(rows.truth), "rows_without_target": rows.without_target, "metrics": report.metrics()},
        )


@dataclass(frozen=True)
class Part:
    """What training and judging take from one chunk: rows with a target.

    rows : digests of whole rows, None when they were lost;  feature_rows : over the model's own features and target
    """

    raw: pl.DataFrame
    matrix: Matrix
    truth: NDArray[Any]
    without_target: int
    rows: Words | None
    feature_rows: Words
    summaries: dict[Any, Any]

    @classmethod
    def of(cls, frame: pl.DataFrame, preparation: Preparation, target: Target, training: bool = False) -> Part:
        truth = target.of(frame)
        there = truth.is_not_null()
        frame, rows = take_rows(frame.filter(there))
        truth = truth.filter(there)
        own = frame.select(preparation.features).with_columns(truth)
        wants: dict[Hashable, Of] = {key: of for key, of in describing(preparation.inputs).items()}
        return cls(
            frame,
            preparation.matrix(frame, training),
            truth.to_numpy(),
            int((~there).sum()),
            rows,
            row_digests(own, own.columns),
            summarise(Batch(own), wants),
        )


@dataclass(frozen=True)
class Rows:
    """The parts of all chunks, in manifest order."""

    raw: pl.DataFrame
    matrix: Matrix
    truth: NDArray[Any]
    without_target: int
    rows: Words | None
    feature_rows: Words

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Rows:
        known = [part.rows for part in parts if part.rows is not None]
        return cls(
            pl.concat([part.raw for part in parts]),
            stacked([part.matrix for part in parts]),
            np.concatenate([part.truth for part in parts]),
            sum(part.without_target for part in parts),
            np.concatenate(known) if len(known) == len(parts) else None,
            np.concatenate([part.feature_rows for part in parts]),
        )

    def with_nulls(self, features: Sequence[str]) -> list[str]:
        """The features that have missing values."""
        return [name for name in features if self.raw[name].null_count()]

    def files(self, work: Work) -> dict[str, tuple[str, int]]:
        """The digests as files of the activity: the gate compares those of training and evaluation."""
        found = {"feature_rows.u64": _put(work, to_bytes(self.feature_rows))}
        return found if self.rows is None else found | {"rows.u64": _put(work, to_bytes(self.rows))}


def stacked(matrices: Sequence[Matrix]) -> Matrix:
    """Matrices one below the other."""
    dense = [matrix for matrix in matrices if isinstance(matrix, np.ndarray)]
    if len(dense) == len(matrices):
        return np.concatenate(dense)
    from scipy.sparse import csr_matrix, vstack

    return csr_matrix(vstack([csr_matrix(matrix) for matrix in matrices]))


def sample(frame: pl.DataFrame, digest: str) -> pl.DataFrame:
    """At most SAMPLE_ROWS rows, drawn with a seed that follows from ``digest``, in their order."""
    if frame.height <= SAMPLE_ROWS:
        return frame
    drawn = np.random.default_rng(derived_seed("sample", digest)).choice(frame.height, SAMPLE_ROWS, replace=False)
    return frame[np.sort(drawn)]


def _put(work: Work, data: bytes) -> tuple[str, int]:
    return work.store.blobs.put(data), len(data)


def _parquet(frame: pl.DataFrame) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
