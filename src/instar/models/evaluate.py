"""Evaluating a bundle on raw rows: figures with 95 % intervals, beside a baseline that knows no feature."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.models.bundle import Bundle
from instar.models.intervals import Interval, bootstrap_errors, bootstrap_f1, delong, delong_macro, wilson
from instar.models.predictions import Predictions
from instar.models.signature import Label, ModelSignature, Task, plain_classes
from instar.models.training import derived_seed

CURVE_POINTS = 256


class Baseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """What answering always the same would reach on the same rows.

    answer : the most frequent class of the evaluated rows (the hardest such baseline), or the mean of their target
    """

    method: str
    answer: Label
    accuracy: float | None = None
    mae: float | None = None
    rmse: float | None = None


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """An evaluation.

    rows : evaluated;  rows_without_target : left out
    confusion : rows are the truth, columns the prediction, both in the order of ``classes``
    f1 : of the second class (binary), else the mean over classes;  roc_auc : the same way
    roc : (false positive rate, true positive rate), from (0, 0) to (1, 1); binary only
    mae, rmse : in the unit of the target
    """

    task: Task
    target: str
    rows: int
    rows_without_target: int
    baseline: Baseline
    classes: tuple[Label, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    accuracy: Interval | None = None
    f1: Interval | None = None
    roc_auc: Interval | None = None
    roc: tuple[tuple[float, float], ...] = ()
    mae: Interval | None = None
    rmse: Interval | None = None
    r2: Interval | None = None

    def to_bytes(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"))

    @classmethod
    def from_bytes(cls, data: bytes) -> Report:
        return msgspec.json.decode(data, type=cls)

    def figures(self) -> dict[str, Interval]:
        """Those that were measured, by name."""
        named = {"accuracy": self.accuracy, "F1": self.f1, "ROC AUC": self.roc_auc}
        named |= {"MAE": self.mae, "RMSE": self.rmse, "R²": self.r2}
        return {name: interval for name, interval in named.items() if interval is not None}

    def metrics(self) -> dict[str, float]:
        """The same as plain numbers, for a run's metrics."""
        names = {"ROC AUC": "roc_auc", "R²": "r2"}
        return {names.get(name, name.lower()): interval.value for name, interval in self.figures().items()}

    def __repr__(self) -> str:
        figures = "".join(f", {name} {interval.value:.4g}" for name, interval in self.figures().items())
        return f"Report({self.target}, {self.rows:,} rows{figures})"

    def __str__(self) -> str:
        lines = [f"{self.rows:,} rows ({self.rows_without_target:,} without {self.target} left out)"]
        lines += [f"{name:<9}{interval}  ({interval.method})" for name, interval in self.figures().items()]
        return "\n".join([*lines, f"baseline {baseline_words(self)}"])


def baseline_words(report: Report) -> str:
    """The baseline in words."""
    baseline = report.baseline
    if baseline.accuracy is not None:
        return f"always {baseline.answer!r}: accuracy {baseline.accuracy:.4f}"
    return f"always {float(baseline.answer):.6g}: MAE {baseline.mae:.6g}, RMSE {baseline.rmse:.6g}"


def evaluate(bundle: Bundle, frame: pl.DataFrame, truth: pl.Series | NDArray[Any]) -> Report:
    """Evaluate on the raw rows of ``frame`` and their true values (rows,). Rows without a true value are left out.

    Raises BadInput when no row is left, the lengths differ, or a true value is none of the classes.
    """
    known, frame, without = with_target(frame, truth)
    return report_of(bundle.signature, bundle.predict(frame), known, without)


def with_target(frame: pl.DataFrame, truth: pl.Series | NDArray[Any]) -> tuple[NDArray[Any], pl.DataFrame, int]:
    """The true values that are there, their rows of ``frame``, and how many were left out."""
    values = truth if isinstance(truth, pl.Series) else pl.Series("target", truth)
    if len(values) != frame.height:
        raise BadInput(f"evaluate: {frame.height} rows and {len(values)} true values; give one for each row")
    if values.dtype.is_float():
        values = values.fill_nan(None)
    there = values.is_not_null()
    if not there.any():
        raise BadInput(f"evaluate: none of the {frame.height} rows has a true value; check the target")
    return values.filter(there).to_numpy(), frame.filter(there), int((~there).sum())


def report_of(signature: ModelSignature, predictions: Predictions, truth: NDArray[Any], without: int = 0) -> Report:
    """The report on ``predictions`` against ``truth``, both (rows,), without nulls. ``without``: rows left out before."""
    if signature.task == "regression":
        return _regression(signature, predictions.values, truth.astype(np.float64), without)
    return _classification(signature, predictions, truth, without)


def _regression(signature: ModelSignature, values: NDArray[Any], truth: NDArray[np.float64], without: int) -> Report:
    mae, rmse, r2 = bootstrap_errors(truth, values, _seed(truth, values))
    spread = truth - truth.mean()
    mean = Baseline(
        "mean of the evaluated rows",
        float(truth.mean()),
        mae=float(np.abs(spread).mean()),
        rmse=float(np.sqrt((spread**2).mean())),
    )
    return Report("regression", signature.target.name, len(truth), without, mean, mae=mae, rmse=rmse, r2=r2)


def _classification(signature: ModelSignature, predictions: Predictions, truth: NDArray[Any], without: int) -> Report:
    classes = signature.classes
    true, said = codes(truth, classes), codes(predictions.values, classes)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (true, said), 1)
    binary = signature.task == "binary"
    scores = predictions.scores if predictions.scores is not None else np.eye(len(classes))[said]
    most = int(confusion.sum(axis=1).argmax())
    rows = len(true)
    return Report(
        signature.task,
        signature.target.name,
        rows,
        without,
        Baseline("majority class of the evaluated rows", classes[most], accuracy=float(confusion[most].sum() / rows)),
        classes,
        tuple(tuple(int(count) for count in line) for line in confusion),
        wilson(int(np.trace(confusion)), rows),
        bootstrap_f1(confusion, 1 if binary else None, _seed(true, said)),
        delong(scores[:, 1], true == 1) if binary else delong_macro(scores, np.eye(len(classes), dtype=bool)[true]),
        roc_curve(scores[:, 1], true == 1) if binary else (),
    )


def codes(values: NDArray[Any], classes: tuple[Label, ...]) -> NDArray[np.intp]:
    """The place of each value among ``classes``, shape (rows,). Raises BadInput naming a value that is none of them."""
    places = {value: place for place, value in enumerate(classes)}
    distinct, where = np.unique(values, return_inverse=True)
    for value in plain_classes(distinct):
        if value not in places:
            raise BadInput(f"evaluate: the true value {value!r} is none of the model's classes {classes!r}")
    return np.array([places[value] for value in plain_classes(distinct)], dtype=np.intp)[where]


def roc_curve(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """(false positive rate, true positive rate) at each distinct score, thinned to at most CURVE_POINTS; () for one class.

    >>> roc_curve(np.array([0.1, 0.9]), np.array([False, True]))
    ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    """
    hits_all = int(truth.sum())
    if hits_all in (0, len(truth)):
        return ()
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are one step
    hits = np.append(0, np.cumsum(truth[order])[last]) / hits_all
    alarms = np.append(0, np.cumsum(~truth[order])[last]) / (len(truth) - hits_all)
    kept = np.unique(np.linspace(0, len(hits) - 1, CURVE_POINTS).astype(int))
    return tuple((float(alarms[at]), float(hits[at])) for at in kept)


def _seed(*arrays: NDArray[Any]) -> int:
    """A seed that follows from what is evaluated: the same rows give the same intervals."""
    return derived_seed(*(int.from_bytes(_digest(array)) >> 11 for array in arrays))


def _digest(array: NDArray[Any]) -> bytes:
    from hashlib import blake2b

    kept = array.astype(np.float64)
    return blake2b(np.ascontiguousarray(kept).tobytes(), digest_size=8).digest()
