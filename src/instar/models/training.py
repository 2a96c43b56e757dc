"""Fitting an estimator so that the same inputs give the same model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instar.base.digests import digest_value
from instar.base.errors import BadInput


def fit_estimator(estimator: Any, matrix: Any, y: NDArray[Any], seed: int) -> Any:
    """A fitted clone of ``estimator``; the one given is left as it is.

    matrix : (rows, features), a dense array or CSR;  y : (rows,), without nulls
    seed : decides every ``random_state`` that was not set, also inside a pipeline, each by its own name
    Raises BadInput when there is nothing to learn from: no rows, or a classifier and one class only.
    """
    from sklearn.base import clone, is_classifier

    if not len(y):
        raise BadInput(
            f"train: there is no row with a target for {learner_of(estimator)}; check the target and filters"
        )
    if is_classifier(estimator) and len(np.unique(y)) < 2:
        raise BadInput(f"train: every row has the target {y[0]}; {learner_of(estimator)} needs two classes or more")
    seeded = seed_estimator(clone(estimator), seed)
    return seeded.fit(accepted(seeded, matrix), y)


def seed_estimator(estimator: Any, seed: int) -> Any:
    """Set every unset ``random_state`` of ``estimator``, in place, from ``seed`` and the parameter's name."""
    unset = [
        name
        for name, value in estimator.get_params(deep=True).items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    ]
    return estimator.set_params(**{name: derived_seed(seed, name) for name in unset}) if unset else estimator


def derived_seed(*parts: Any) -> int:
    """A seed of 31 bits that follows from ``parts`` (plain values), the same everywhere.

    >>> derived_seed(7, "random_state") == derived_seed(7, "random_state") != derived_seed(8, "random_state")
    True
    """
    return int(digest_value(parts)[:8], 16) >> 1


def accepted(estimator: Any, matrix: Any) -> Any:
    """``matrix`` as ``estimator`` takes it: made dense when the estimator declares that it reads no sparse matrix."""
    if not hasattr(matrix, "toarray"):
        return matrix
    from sklearn.utils import get_tags

    return matrix if get_tags(estimator).input_tags.sparse else matrix.toarray()


def learner_of(estimator: Any) -> str:
    """The name people search by: the class of the estimator, in a pipeline of its last step."""
    steps: Sequence[tuple[str, Any]] | None = getattr(estimator, "steps", None)
    return learner_of(steps[-1][1]) if steps else type(estimator).__name__


def parameters_of(estimator: Any) -> dict[str, Any]:
    """The estimator's parameters as plain values: numbers, text and truth values as they are, the rest as text."""
    return {name: _plain(value) for name, value in sorted(estimator.get_params(deep=True).items())}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "get_params"):
        return type(value).__name__  # its own parameters are listed under its name
    return str(getattr(value, "__qualname__", None) or value)
