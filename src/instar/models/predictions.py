"""From rows to predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import ColumnMissing
from instar.models.signature import ModelSignature
from instar.models.training import accepted


class Prepares(Protocol):
    """What a bundle needs of a fitted preparation (``instar.data.preparing.preparation.Preparation`` is one)."""

    @property
    def features(self) -> Any: ...

    @property
    def digest(self) -> str: ...

    def matrix(self, frame: pl.DataFrame, /) -> Any: ...

    def to_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class Predictions:
    """values : (rows,), classes or numbers

    scores : (rows, classes), in the order of the signature's classes: probabilities where the estimator gives them,
    else its decision values; None in a regression and where it gives neither
    """

    values: NDArray[Any]
    scores: NDArray[np.float64] | None = None


# Their ``predict`` is the class of the greatest probability, so one pass gives both; others may decide differently
# (a tuned threshold, an SVC), and are asked twice.
_GREATEST = frozenset(
    [
        "LogisticRegression",
        "RandomForestClassifier",
        "ExtraTreesClassifier",
        "DecisionTreeClassifier",
        "HistGradientBoostingClassifier",
        "MultinomialNB",
        "BernoulliNB",
        "ComplementNB",
        "GaussianNB",
        "CategoricalNB",
    ]
)


def predict(
    estimator: Any, preparation: Prepares | None, signature: ModelSignature, frame: pl.DataFrame
) -> Predictions:
    """Predict each row of ``frame``, which has the raw columns that the signature names (others are ignored).

    Raises ColumnMissing.
    """
    for name in signature.names:
        if name not in frame.columns:
            raise ColumnMissing(name, "predict", frame.columns)
    if not frame.height:
        return _none(signature)
    return predict_matrix(estimator, signature, matrix_of(estimator, preparation, signature, frame))


def matrix_of(estimator: Any, preparation: Prepares | None, signature: ModelSignature, frame: pl.DataFrame) -> Any:
    """What the estimator reads: the prepared matrix, or the columns themselves when there is no preparation."""
    if preparation is not None:
        return preparation.matrix(frame)
    columns = frame.select(signature.names)
    return columns if hasattr(estimator, "feature_names_in_") else columns.to_numpy()


def predict_matrix(estimator: Any, signature: ModelSignature, matrix: Any) -> Predictions:
    """The same for a prepared matrix, shape (rows, features)."""
    matrix = accepted(estimator, matrix)
    if signature.task == "regression":
        return Predictions(np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(-1))
    scores = _scores(estimator, matrix)
    if scores is not None and type(estimator).__name__ in _GREATEST:
        return Predictions(np.asarray(estimator.classes_)[scores.argmax(axis=1)], scores)
    return Predictions(np.asarray(estimator.predict(matrix)), scores)


def _scores(estimator: Any, matrix: Any) -> NDArray[np.float64] | None:
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(matrix), dtype=np.float64)
    if hasattr(estimator, "decision_function"):
        decision = np.asarray(estimator.decision_function(matrix), dtype=np.float64)
        return np.column_stack([-decision, decision]) if decision.ndim == 1 else decision
    return None


def _none(signature: ModelSignature) -> Predictions:
    values = np.array([], dtype=np.float64 if signature.task == "regression" else np.asarray(signature.classes).dtype)
    return Predictions(values, None if signature.task == "regression" else np.empty((0, len(signature.classes))))
