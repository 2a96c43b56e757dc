"""Intervals: against known values and the definition, and whether they hold the truth as often as they say."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error

from instar.models.intervals import bootstrap_errors, bootstrap_f1, delong, delong_macro, f1, wilson

few = settings(max_examples=40, deadline=None)


def test_wilson_gives_the_published_interval() -> None:
    interval = wilson(15, 148)  # Newcombe (1998), table I: 81 of 263, 15 of 148
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0624, 0.1605)


@few
@given(st.integers(1, 200), st.data())
def test_wilson_stays_within_0_and_1_and_holds_the_share(n: int, data: st.DataObject) -> None:
    interval = wilson(data.draw(st.integers(0, n)), n)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


@few
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, bool]]) -> None:
    scores, truth = np.array([float(score) for score, _ in rows]), np.array([true for _, true in rows])
    interval = delong(scores, truth)
    if interval is None:
        assert truth.all() or not truth.any()
        return
    pairs = [(a > b) + 0.5 * (a == b) for a, b in product(scores[truth], scores[~truth])]
    assert interval.value == pytest.approx(np.mean(pairs))
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_delongs_variance_is_that_of_the_paper() -> None:
    drawn = np.random.default_rng(5)
    truth = drawn.random(60) < 0.4
    scores = drawn.normal(size=60) + truth
    kernel = (scores[truth][:, None] > scores[~truth][None, :]).astype(float)
    variance = kernel.mean(axis=1).var(ddof=1) / truth.sum() + kernel.mean(axis=0).var(ddof=1) / (~truth).sum()
    interval = delong(scores, truth)
    assert interval is not None
    assert (interval.high - interval.value) == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)


def test_delong_holds_the_true_area_about_95_times_in_100() -> None:
    drawn = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        truth = drawn.random(120) < 0.5
        interval = delong(drawn.normal(size=120) + truth, truth)
        assert interval is not None
        held += interval.low <= 0.76025 <= interval.high  # Phi(1 / sqrt 2)
    assert 0.92 <= held / 1000 <= 0.97


def test_a_perfect_ranking_of_few_rows_is_not_certain() -> None:
    interval = delong(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    assert interval is not None
    assert interval.value == 1.0
    assert interval.low < 0.5
    assert "no variance" in interval.method


def test_scores_that_say_nothing_never_beat_guessing() -> None:
    interval = delong(np.zeros(50), np.arange(50) % 2 == 0)
    assert interval is not None
    assert (interval.value, interval.low) == (0.5, 0.5)


def test_the_mean_over_classes_agrees_with_scikit_learn() -> None:
    drawn = np.random.default_rng(2)
    truth = drawn.integers(3, size=150)
    scores = drawn.random((150, 3)) + np.eye(3)[truth]
    scores /= scores.sum(axis=1, keepdims=True)
    interval = delong_macro(scores, np.eye(3, dtype=bool)[truth])
    assert interval is not None
    assert interval.value == pytest.approx(roc_auc_score(truth, scores, multi_class="ovr", average="macro"))
    assert delong_macro(scores, np.eye(4, dtype=bool)[truth][:, :4]) is None


@pytest.mark.parametrize("positive", [1, None])
def test_f1_agrees_with_scikit_learn_and_its_interval_with_resampling_the_rows(positive: int | None) -> None:
    drawn = np.random.default_rng(7)
    truth = drawn.integers(2, size=300)
    said = np.where(drawn.random(300) < 0.8, truth, 1 - truth)
    confusion = np.zeros((2, 2), dtype=np.int64)
    np.add.at(confusion, (truth, said), 1)
    average = "binary" if positive else "macro"
    interval = bootstrap_f1(confusion, positive, seed=1)
    assert interval.value == pytest.approx(f1_score(truth, said, average=average))
    rows = drawn.integers(300, size=(400, 300))
    resampled = [f1_score(truth[take], said[take], average=average) for take in rows]
    np.testing.assert_allclose([interval.low, interval.high], np.quantile(resampled, [0.025, 0.975]), atol=0.015)
    assert interval == bootstrap_f1(confusion, positive, seed=1)


def test_a_class_that_never_occurs_has_f1_0() -> None:
    assert f1(np.array([[[5, 0], [0, 0]]]), 1).tolist() == [0.0]


def test_regression_errors_agree_with_scikit_learn() -> None:
    drawn = np.random.default_rng(7)
    truth = 1e6 + drawn.normal(size=300)
    said = truth + 0.3 * drawn.normal(size=300)
    mae, rmse, r2 = bootstrap_errors(truth, said, seed=1)
    assert r2 is not None
    assert mae.value == pytest.approx(mean_absolute_error(truth, said))
    assert rmse.value == pytest.approx(root_mean_squared_error(truth, said))
    assert r2.value == pytest.approx(r2_score(truth, said))
    assert all(figure.low < figure.value < figure.high for figure in (mae, rmse, r2))


def test_a_constant_target_has_no_r2() -> None:
    assert bootstrap_errors(np.ones(9), np.arange(9.0), seed=1)[2] is None
