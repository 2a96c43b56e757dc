"""Operators in scikit-learn, and one preparation for the tables of every library."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from instar import prep
from instar.data.operators import AnyOperator

NUMERIC: list[AnyOperator] = [
    prep.Standardize("*"),
    prep.MinMax("*"),
    prep.MinMax("*", clip=True),
    prep.Impute("*", strategy="mean"),
    prep.Impute("*", strategy="median"),
    prep.Impute("*", strategy="constant", value=0.0),
    prep.Discretize("*", bins=4),
]


@parametrize_with_checks([one.as_transformer(columns="all") for one in NUMERIC])
def test_a_numeric_operator_passes_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)
