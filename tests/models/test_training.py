"""Fitting: the same inputs give the same model, and what was given is left as it is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from instar.base.errors import BadInput
from instar.models.training import derived_seed, fit_estimator, learner_of, parameters_of

X = np.random.default_rng(0).normal(size=(80, 3))
Y = X[:, 0] > 0


def test_the_seed_decides_what_was_not_set_and_the_given_estimator_stays_as_it_is() -> None:
    given = RandomForestClassifier(5)
    one, two, three = (fit_estimator(given, X, Y, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert one.random_state == two.random_state == derived_seed(1, "random_state") != three.random_state
    assert given.random_state is None
    assert not hasattr(given, "estimators_")


def test_each_step_of_a_pipeline_gets_a_seed_of_its_own_and_a_set_one_is_kept() -> None:
    given = make_pipeline(QuantileTransformer(n_quantiles=5), SGDClassifier(), memory=None)
    fitted = fit_estimator(given, X, Y, 3)
    seeds = {fitted[0].random_state, fitted[1].random_state}
    assert len(seeds) == 2
    assert None not in seeds
    assert fit_estimator(SGDClassifier(random_state=9), X, Y, 3).random_state == 9


def test_nothing_to_learn_from_is_named() -> None:
    with pytest.raises(BadInput, match="no row with a target for LogisticRegression"):
        fit_estimator(LogisticRegression(), X[:0], Y[:0], 1)
    with pytest.raises(BadInput, match="every row has the target True"):
        fit_estimator(LogisticRegression(), X[Y], Y[Y], 1)


def test_a_pipeline_is_searched_by_its_last_step() -> None:
    assert learner_of(make_pipeline(StandardScaler(), LogisticRegression())) == "LogisticRegression"


def test_parameters_are_plain_values() -> None:
    found = parameters_of(make_pipeline(StandardScaler(), LogisticRegression(C=np.float64(0.5), tol=float("inf"))))
    assert found["logisticregression__C"] == 0.5
    assert found["logisticregression__tol"] == "inf"
    assert found["standardscaler"] == "StandardScaler"
    assert found["steps"] == [["standardscaler", "StandardScaler"], ["logisticregression", "LogisticRegression"]]
