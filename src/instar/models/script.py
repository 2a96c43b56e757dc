"""Models that a script trained on its own: what can still be recorded of them, and what stays unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base import clock
from instar.base.errors import BadInput
from instar.base.ids import content_id, event_id
from instar.base.rows import row_digests
from instar.base.schema import Field
from instar.base.settings import author_setting
from instar.data.rows.frames import schema_of, to_polars
from instar.models.bundle import Bundle
from instar.models.evaluate import report_of, with_target
from instar.models.model import Model
from instar.models.predictions import Predictions, Prepares
from instar.models.recording import PREDICTIONS, digest_files, keep_file, parquet, report_record, sample_file
from instar.models.shelf import put_bundle
from instar.models.signature import ModelSignature, plain_classes, signature_of, type_of_classes
from instar.models.training import derived_seed, learner_of, parameters_of
from instar.store.records import Edge, Node, Record

if TYPE_CHECKING:
    from instar.store import Store


class RunLike(Protocol):
    """What publishing needs of a run (``instar.track.Run`` is one)."""

    @property
    def id(self) -> str: ...

    @property
    def store(self) -> Store: ...

    def flush(self) -> None: ...


@dataclass(frozen=True)
class _Rows:
    """Rows a script read. truth : (rows,), None when it is not known"""

    frame: pl.DataFrame
    truth: pl.Series | None

    def digests(self, signature: ModelSignature) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Over all columns, and over features and target."""
        both = self.frame if self.truth is None else self.frame.with_columns(self.truth.alias(signature.target.name))
        of_model = [*signature.names, *([] if self.truth is None else [signature.target.name])]
        return row_digests(both, both.columns), row_digests(both, of_model)


def record_script(
    store: Store,
    project: str,
    estimator: Any,
    inputs: Any,
    target: Any,
    evaluated_on: Any,
    preparation: Prepares | None,
    run: RunLike | None,
) -> Model:
    """Record the training, and the evaluation if there are rows for it, of a fitted ``estimator``. Raises BadInput."""
    _must_be_fitted(estimator)
    if inputs is None or target is None:
        raise BadInput(
            f"publish: a {learner_of(estimator)} from a script needs inputs= (its training rows: names and types of the "
            "features come from there) and target= (the name of what it predicts)"
        )
    name = target if isinstance(target, str) else target[0]
    rows = _rows(inputs if isinstance(target, str) else (inputs, target[1]), name, "inputs")
    bundle = Bundle(estimator, preparation, _signature(estimator, preparation, rows.frame, name))
    digest, record = put_bundle(store, bundle)
    model = Model(content_id("bundle", digest), digest, event_id(), project, store)
    record += _training(model, bundle, rows, run)
    if evaluated_on is not None:
        record += _evaluation(model, bundle, _rows(evaluated_on, name, "evaluated_on"))
    store.nodes.put([record])
    return model


def _must_be_fitted(estimator: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise BadInput(f"publish: the {learner_of(estimator)} is not fitted; call fit first") from error
    except TypeError as error:
        raise BadInput(f"publish: a {type(estimator).__name__} is no estimator; give a fitted one") from error


def _rows(given: Any, target: str, argument: str) -> _Rows:
    """The frame without its target's column, and the target when it is there or given beside it."""
    frame, truth = (to_polars(given[0]), given[1]) if isinstance(given, tuple) else (to_polars(given), None)
    if not frame.height:
        raise BadInput(f"publish: {argument}= has no rows; give the rows that were read")
    if truth is not None:
        series = truth if isinstance(truth, pl.Series) else pl.Series(target, np.asarray(truth))
        if len(series) != frame.height:
            raise BadInput(
                f"publish: {argument}= has {frame.height} rows and {len(series)} true values; give one for each"
            )
        return _Rows(frame, series)
    if target in frame.columns:
        return _Rows(frame.drop(target), frame[target])
    return _Rows(frame, None)


def _signature(estimator: Any, preparation: Prepares | None, frame: pl.DataFrame, target: str) -> ModelSignature:
    """Features from the rows: those the preparation names, else those the estimator was fitted on, else all."""
    if preparation is not None:
        names = tuple(preparation.features)
    else:
        names = tuple(str(name) for name in getattr(estimator, "feature_names_in_", frame.columns))
        wanted = getattr(estimator, "n_features_in_", len(names))
        if wanted != len(names):
            raise BadInput(
                f"publish: the {learner_of(estimator)} was fitted on {wanted} columns, inputs= has {len(names)}: "
                f"{', '.join(names[:12])}; give the columns it was fitted on"
            )
    features = schema_of(frame).select(names, "publish")
    return signature_of(
        estimator, features, Field(target, type_of_classes(plain_classes(getattr(estimator, "classes_", ()))))
    )


def _training(model: Model, bundle: Bundle, rows: _Rows, run: RunLike | None) -> Record:
    doc = {
        "verb": "train",
        "step": f"train {learner_of(bundle.estimator)} in a script",
        "learner": learner_of(bundle.estimator),
        "parameters": parameters_of(bundle.estimator),
        "rows": rows.frame.height,
        "rows_without_target": 0 if rows.truth is None else rows.truth.null_count(),
        "script": True,
    }
    node = Node(model.activity, "activity", "", model.project, "train", clock.now(), author_setting(), doc)
    edges = [Edge(model.id, "generated", model.activity, "model")]
    if run is not None:
        if not model.store.nodes.has([run.id]):
            run.flush()  # an edge may only name what is recorded
        edges.append(Edge(model.activity, "informed", run.id, "run:run"))
    files = digest_files(model.store, model.activity, *rows.digests(bundle.signature))
    sample = sample_file(model.store, model.activity, rows.frame, derived_seed(model.digest))
    return Record((node,), tuple(edges), files=(*files, sample))


def _evaluation(model: Model, bundle: Bundle, rows: _Rows) -> Record:
    """What a dataflow's evaluation records; without true values only the rows, so that they can be compared."""
    activity = event_id()
    doc = {
        "verb": "evaluate",
        "step": f"evaluate {learner_of(bundle.estimator)} in a script",
        "rows": rows.frame.height,
        "script": True,
    }
    node = Node(activity, "activity", "", model.project, "evaluate", clock.now(), author_setting(), doc)
    edges = (Edge(activity, "used", model.id, "model"), Edge(activity, "informed", model.activity, "model:model"))
    files = digest_files(model.store, activity, *rows.digests(bundle.signature))
    sample = sample_file(model.store, activity, rows.frame, derived_seed(model.digest))
    record = Record((node,), edges, files=(*files, sample))
    if rows.truth is None:
        return record
    truth, frame, without = with_target(rows.frame, rows.truth)
    predictions = bundle.predict(frame)
    report = report_of(bundle.signature, predictions, truth, without)
    kept = keep_file(model.store, activity, PREDICTIONS, parquet(predictions_frame(predictions)))
    return record + report_record(model.store, activity, report) + Record(files=(kept,))


def predictions_frame(predictions: Predictions) -> pl.DataFrame:
    """Predictions as a table: ``value``, and ``score_0`` … in the order of the classes."""
    columns: dict[str, Any] = {"value": predictions.values}
    if predictions.scores is not None:
        columns |= {f"score_{at}": predictions.scores[:, at] for at in range(predictions.scores.shape[1])}
    return pl.DataFrame(columns)
