"""scikit-learn estimators as plain values, for the definition of an operator that fits one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import isclass, signature
from typing import Any

from instar.base.errors import BadInput

Plain = dict[str, Any]


def definition_of(estimator: Any, step: str) -> Plain:
    """``{"estimator": "sklearn.tree.DecisionTreeClassifier", "parameters": {what is not the default}}``.

    estimator : unfitted, of scikit-learn, its parameters plain values; or a definition, which is checked
    Raises BadInput for anything else: a definition is made anew wherever it is read, from nothing but its text.

    >>> from sklearn.tree import DecisionTreeClassifier
    >>> definition_of(DecisionTreeClassifier(max_depth=3), "SelectImportance")
    {'estimator': 'sklearn.tree.DecisionTreeClassifier', 'parameters': {'max_depth': 3}}
    """
    if isinstance(estimator, Mapping):
        if set(estimator) != {"estimator", "parameters"} or not str(estimator["estimator"]).startswith("sklearn."):
            raise BadInput(f"{step}: {dict(estimator)!r} is no definition of an estimator of scikit-learn")
        return {"estimator": str(estimator["estimator"]), "parameters": dict(sorted(estimator["parameters"].items()))}
    cls = type(estimator)
    if not cls.__module__.startswith("sklearn.") or not hasattr(estimator, "get_params"):
        raise BadInput(
            f"{step}: {estimator!r} is no estimator of scikit-learn; give one such as RandomForestClassifier()"
        )
    public = ".".join(part for part in cls.__module__.split(".") if not part.startswith("_"))
    defaults = {name: each.default for name, each in signature(cls).parameters.items()}
    given = estimator.get_params(deep=False).items()
    chosen = {name: value for name, value in given if value is not defaults[name] and value != defaults[name]}
    for name, value in chosen.items():
        if not _is_plain(value):
            raise BadInput(f"{step}: {cls.__name__}({name}={value!r}) cannot be written down; give plain values")
    return {"estimator": f"{public}.{cls.__name__}", "parameters": dict(sorted(chosen.items()))}


def made_from(definition: Plain, seed: int, step: str) -> Any:
    """An unfitted estimator; one whose ``random_state`` is not set gets ``seed``. Raises BadInput."""
    from sklearn.base import BaseEstimator

    module, _, name = definition["estimator"].rpartition(".")
    try:
        cls = getattr(import_module(module), name)
        if not isclass(cls) or not issubclass(cls, BaseEstimator):
            raise BadInput(f"{step}: {definition['estimator']!r} is no estimator of scikit-learn; fit with one")
        estimator: Any = cls(**definition["parameters"])
    except (ImportError, AttributeError, TypeError) as error:
        raise BadInput(f"{step}: no estimator {definition['estimator']!r} can be made here ({error})") from error
    if estimator.get_params(deep=False).get("random_state", seed) is None:
        estimator.set_params(random_state=seed)
    return estimator


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return value is None or isinstance(value, bool | int | float | str)
