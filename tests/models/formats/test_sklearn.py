"""The format of scikit-learn estimators: what it keeps, what it refuses, and its canonical digest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from instar.base.errors import BadInput, NotFound
from instar.models.formats import CannotSave, Untrusted, format_named, format_of
from instar.models.formats.canonical import array_digest
from instar.models.formats.sklearn import SklearnFormat

DRAWN = np.random.default_rng(3)
X = np.abs(DRAWN.normal(size=(120, 4)))
Y = X[:, 0] > 0.7
ESTIMATORS = [
    LogisticRegression(),
    make_pipeline(StandardScaler(), SGDClassifier(random_state=1)),
    RandomForestClassifier(4, random_state=1),
    GradientBoostingClassifier(n_estimators=3, random_state=1),
    HistGradientBoostingClassifier(max_iter=3, random_state=1),
    MultinomialNB(),
    SVC(random_state=1),
    KNeighborsClassifier(),
    MLPClassifier(max_iter=300, hidden_layer_sizes=(4,), tol=0.1, random_state=1),
    Ridge(),
]


def kept(estimator: Any, folder: Path) -> str:
    folder.mkdir()
    SklearnFormat().save(estimator, folder)
    return SklearnFormat().canonical(folder)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_two_dumps_and_a_dump_after_loading_have_one_digest(estimator: Any, tmp_path: Path) -> None:
    fitted = estimator.fit(X, Y)
    first, second = kept(fitted, tmp_path / "1"), kept(fitted, tmp_path / "2")
    loaded = SklearnFormat().load(tmp_path / "1")
    assert first == second == kept(loaded, tmp_path / "3")
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


_FIT = """
import sys, pathlib, numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from instar.models.formats.sklearn import SklearnFormat
texts = np.array(["a film", "the best film", "a bad story", "the end"] * 8)
model = make_pipeline(TfidfVectorizer(stop_words=["a", "the"]), RandomForestClassifier(5, random_state=2))
model.fit(texts, np.arange(32) % 2)
model.chosen_ = {"words", "in", "a", "set", "have", "no", "order"}
folder = pathlib.Path(sys.argv[1])
SklearnFormat().save(model, folder)
print(SklearnFormat().canonical(folder))
"""


def test_processes_with_other_hash_seeds_find_one_digest(tmp_path: Path) -> None:
    digests = set()
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        done = subprocess.run(
            [sys.executable, "-c", _FIT, str(tmp_path / seed)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_another_model_has_another_digest(tmp_path: Path) -> None:
    first = kept(LogisticRegression().fit(X, Y), tmp_path / "1")
    assert first != kept(LogisticRegression().fit(X, ~Y), tmp_path / "2")
    assert first != kept(LogisticRegression(C=2.0).fit(X, Y), tmp_path / "3")


def test_a_key_of_the_users_own_is_part_of_the_digest(tmp_path: Path) -> None:
    one, two = Ridge().fit(X, Y), Ridge().fit(X, Y)
    one.notes, two.notes = {"protocol": 1, "__id__": 1}, {"protocol": 2, "__id__": 1}
    assert kept(one, tmp_path / "1") != kept(two, tmp_path / "2")


def test_sparse_content_is_digested_by_value(tmp_path: Path) -> None:
    one, two = Ridge(), Ridge()
    one.kept, two.kept = csr_matrix(np.eye(3)), csr_matrix(np.eye(3))
    assert kept(one, tmp_path / "1") == kept(two, tmp_path / "2")
    two.kept = csr_matrix(2 * np.eye(3))
    assert kept(one, tmp_path / "3") != kept(two, tmp_path / "4")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=12))
def test_the_padding_of_a_structured_array_does_not_count(values: list[float]) -> None:
    layout = np.dtype([("threshold", "<f8"), ("left", "u1")], align=True)
    clean = np.zeros(len(values), dtype=layout)
    dirty = np.frombuffer(bytearray([255]) * clean.nbytes, dtype=layout)  # a copy would clear the padding
    for array in (clean, dirty):
        array["threshold"], array["left"] = values, 1
    assert clean.tobytes() != dirty.tobytes()
    assert array_digest(clean) == array_digest(dirty)


class Homemade(BaseEstimator):  # type: ignore[misc]
    """An estimator that skops does not know."""

    def fit(self, x: Any, y: Any) -> Homemade:
        return self


def test_a_type_that_would_not_load_is_refused_when_it_is_saved(tmp_path: Path) -> None:
    with pytest.raises(CannotSave, match=r"would not load again: .*Homemade"):
        SklearnFormat().save(Homemade(), tmp_path)


def test_a_lambda_is_refused_and_never_pickled(tmp_path: Path) -> None:
    pipeline = make_pipeline(FunctionTransformer(lambda x: x), LogisticRegression()).fit(X, Y)
    with pytest.raises(CannotSave, match=r"would not load again: .*lambda"):
        SklearnFormat().save(pipeline, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_strange_types_load_only_when_the_caller_names_them(tmp_path: Path) -> None:
    from skops.io import dump

    dump(Homemade(), tmp_path / "model.skops")
    with pytest.raises(Untrusted, match="nothing was loaded") as refused:
        SklearnFormat().load(tmp_path)
    name = f"{Homemade.__module__}.Homemade"
    assert name in str(refused.value)
    assert isinstance(SklearnFormat().load(tmp_path, trusted=[name]), Homemade)


def test_what_no_format_takes_is_named() -> None:
    assert format_of(LogisticRegression()).name == "sklearn"
    with pytest.raises(BadInput, match=r"no format keeps a builtins\.object; known formats: sklearn"):
        format_of(object())
    with pytest.raises(NotFound, match="did you mean 'sklearn'"):
        format_named("sklern")
