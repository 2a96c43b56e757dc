"""Reports: their figures against scikit-learn's, what is left out, what is refused, and their figures as SVG."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score

from instar.base.errors import BadInput
from instar.base.schema import Field
from instar.models.bundle import Bundle
from instar.models.evaluate import CURVE_POINTS, Report, evaluate, roc_curve
from instar.models.figures import confusion_svg, intervals_svg, report_figures, roc_svg
from instar.models.signature import signature_of


def trained(estimator: Any, x: NDArray[Any], y: NDArray[Any]) -> tuple[Bundle, pl.DataFrame]:
    frame = pl.DataFrame({f"x{at}": x[:, at] for at in range(x.shape[1])})
    fitted = estimator.fit(x[::2], y[::2])
    fields = tuple(Field(name, "float64") for name in frame.columns)
    return Bundle(fitted, None, signature_of(fitted, fields, Field("ill", "int64"))), frame


def binary(estimator: Any = None) -> tuple[Bundle, pl.DataFrame, NDArray[Any]]:
    x, y = load_breast_cancer(return_X_y=True)
    x = x / x.std(axis=0)
    bundle, frame = trained(estimator or LogisticRegression(max_iter=500), x, y)
    return bundle, frame[1::2], y[1::2]


def test_a_binary_report_agrees_with_scikit_learn() -> None:
    bundle, frame, truth = binary()
    report = evaluate(bundle, frame, truth)
    said, scores = bundle.predict(frame).values, bundle.predict(frame).scores
    assert scores is not None
    assert report.accuracy is not None
    assert report.f1 is not None
    assert report.roc_auc is not None
    np.testing.assert_array_equal(report.confusion, confusion_matrix(truth, said))
    assert report.accuracy.value == pytest.approx(accuracy_score(truth, said))
    assert report.f1.value == pytest.approx(f1_score(truth, said))
    assert report.roc_auc.value == pytest.approx(roc_auc_score(truth, scores[:, 1]))
    assert report.baseline.answer == 1
    assert report.baseline.accuracy == pytest.approx(truth.mean())
    assert report.baseline.accuracy is not None
    assert report.accuracy.low > report.baseline.accuracy
    assert "DeLong" in str(report)
    assert report.metrics().keys() == {"accuracy", "f1", "roc_auc"}


def test_a_report_is_the_same_each_time_and_survives_its_bytes() -> None:
    bundle, frame, truth = binary()
    report = evaluate(bundle, frame, truth)
    assert evaluate(bundle, frame, pl.Series(truth)).to_bytes() == report.to_bytes()
    assert Report.from_bytes(report.to_bytes()) == report


def test_rows_without_a_true_value_are_left_out_and_counted() -> None:
    bundle, frame, truth = binary()
    holes = pl.Series([None if at % 3 == 0 else int(value) for at, value in enumerate(truth)])
    report = evaluate(bundle, frame, holes)
    assert report.rows == len(truth) - holes.null_count()
    assert report.rows_without_target == holes.null_count()


def test_a_multiclass_report_has_means_over_classes() -> None:
    x, y = load_wine(return_X_y=True)
    bundle, frame = trained(LogisticRegression(max_iter=500), x / x.std(axis=0), np.array(["a", "b", "c"])[y])
    report = evaluate(bundle, frame, np.array(["a", "b", "c"])[y])
    assert report.task == "multiclass"
    assert report.classes == ("a", "b", "c")
    assert report.roc_auc is not None
    assert "mean over classes" in report.roc_auc.method
    assert report.roc == ()
    assert "confusion.svg" in report_figures(report)


def test_a_regression_report_has_errors_and_a_baseline() -> None:
    x, y = load_diabetes(return_X_y=True)
    bundle, frame = trained(Ridge(0.1), x, y)
    report = evaluate(bundle, frame, y)
    assert report.r2 is not None
    assert report.rmse is not None
    assert report.baseline.rmse is not None
    assert 0 < report.r2.low < report.r2.value
    assert report.rmse.high < report.baseline.rmse
    assert "MAE" in str(report)
    assert list(report_figures(report)) == ["intervals.svg"]


def test_an_estimator_that_only_decides_is_ranked_by_its_decisions() -> None:
    report = evaluate(*binary(RidgeClassifier()))
    assert report.roc_auc is not None
    assert report.roc_auc.value > 0.9


def test_one_class_only_has_no_area() -> None:
    bundle, frame, truth = binary()
    report = evaluate(bundle, frame.filter(truth == 1), truth[truth == 1])
    assert report.roc_auc is None
    assert report.roc == ()
    assert "ROC" not in str(report)


def test_wrong_true_values_are_named() -> None:
    bundle, frame, truth = binary()
    with pytest.raises(BadInput, match=r"true value 7 is none of the model's classes \(0, 1\)"):
        evaluate(bundle, frame, truth + 7 * (truth == 0))
    with pytest.raises(BadInput, match="one for each row"):
        evaluate(bundle, frame, truth[:5])
    with pytest.raises(BadInput, match="none of the 3 rows has a true value"):
        evaluate(bundle, frame[:3], pl.Series([None, None, None], dtype=pl.Int64))


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    scores = np.random.default_rng(1).random(5000)
    curve = roc_curve(scores, scores + np.random.default_rng(2).random(5000) > 1)
    assert len(curve) <= CURVE_POINTS
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize("draw", [confusion_svg, roc_svg])
def test_a_figure_is_valid_xml_with_a_title_and_a_description(draw: object) -> None:
    svg = draw(evaluate(*binary()))  # type: ignore[operator]
    root = ElementTree.fromstring(svg)
    names = [child.tag.partition("}")[2] for child in root]
    assert names[:2] == ["title", "desc"]
    assert root.get("role") == "img"
    assert len(root[1].text or "") > 40


def test_names_are_escaped_in_figures() -> None:
    report = evaluate(*binary())
    interval = next(iter(report.figures().values()))
    svg = intervals_svg("<script> & more", {"a<b": interval}, reference=0.5)
    assert "<script>" not in svg
    ElementTree.fromstring(svg)
