"""Latent semantic analysis: the laws, against scikit-learn's truncated SVD, and what an analysis says."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells, SummaryContract

from instar import prep
from instar.base.errors import BadInput, Conflict, WrongType
from instar.data.operators.text.lsa import Space
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation
from instar.data.rows.frames import schema_of
from instar.data.summaries import Of, Summary, TermScatter
from instar.data.summaries.term_scatter import Directions

WORDS = ("dark", "night", "blood", "moon", "river", "city", "été")
TITLES = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
SPACE = Directions.of(WORDS, np.linspace(1, 3, len(WORDS)), np.random.default_rng(3).standard_normal((len(WORDS), 4)))


class TestLsa(OperatorContract):
    operator = prep.Lsa("Title", components=3, terms=6)
    cells: ClassVar[Cells] = {"Title": (pl.String(), TITLES)}
    sample: ClassVar[dict[str, list[Any]]] = {
        "Title": ["dark night", None, "", "blood moon night", "dark dark river", "city of the moon"]
    }
    unseen: ClassVar[dict[str, Any]] = {"Title": "Nothing known ÀÉ"}

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        """Equal strengths may swap their directions, so the strengths are what is compared."""
        seen, found = one.states[0], other.states[0]
        assert isinstance(seen, Space)
        assert isinstance(found, Space)
        first, second = (np.square(points_of(each, frame)).sum(axis=0) for each in (one, other))
        close = np.allclose(first, second, atol=1e-5 * max(1, frame.height), rtol=1e-5)
        return bool(close) and (seen.terms, seen.documents) == (found.terms, found.documents)


class TestTermScatter(SummaryContract):
    wish = Of(TermScatter, "Title", directions=SPACE)
    cells: ClassVar[Cells] = {"Title": (pl.String(), TITLES)}

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, TermScatter)
        assert isinstance(other, TermScatter)
        exact = (one.texts, one.places.tolist()) == (other.texts, other.places.tolist())
        return exact and np.allclose(one.dense(), other.dense(), rtol=1e-12, atol=1e-12 * max(1, frame.height))


def points_of(preparation: Preparation, frame: pl.DataFrame) -> NDArray[np.float64]:
    found = preparation.matrix(frame)
    assert isinstance(found, np.ndarray)
    return found


def reviews(rows: int = 1500) -> list[str]:
    """Seeded texts of 900 words about 30 matters."""
    draw = np.random.default_rng(4)
    chances = 1 / np.arange(1, 901)
    matters = [draw.permutation(900)[:40] for _ in range(30)]
    texts = []
    for _ in range(rows):
        own = matters[draw.integers(30)][draw.integers(0, 40, 6)]
        common = draw.choice(900, 6, p=chances / chances.sum())
        texts.append(" ".join(f"word{at}" for at in [*own, *common]))
    return texts


@pytest.fixture(scope="module")
def texts() -> pl.DataFrame:
    return pl.DataFrame({"text": reviews()})


def lsa(texts: pl.DataFrame, rows: int = 400, **options: Any) -> Preparation:
    chunks = [texts[at : at + rows] for at in range(0, texts.height, rows)]
    return fit([prep.Lsa("text", 30, terms=None, **options)], chunks)


def test_it_explains_as_much_as_scikit_learns_truncated_svd(texts: pl.DataFrame) -> None:
    weighed = TfidfVectorizer().fit_transform(texts["text"].to_list())
    peer = TruncatedSVD(30, random_state=0).fit(weighed)
    ours = lsa(texts)
    points = points_of(ours, texts)
    everything = peer.explained_variance_.sum() / peer.explained_variance_ratio_.sum()
    assert points.var(axis=0).sum() / everything >= 0.99 * peer.explained_variance_ratio_.sum()
    state = ours.states[0]
    assert isinstance(state, Space)
    assert sum(state.explained) == pytest.approx(peer.explained_variance_ratio_.sum(), rel=0.02)
    assert np.allclose(state.matrix.T @ state.matrix, np.eye(30), atol=1e-5)


def test_the_first_components_are_the_singular_vectors(texts: pl.DataFrame) -> None:
    weighed = TfidfVectorizer().fit_transform(texts["text"].to_list())
    peer = TruncatedSVD(2, algorithm="arpack").fit(weighed)
    state = lsa(texts, passes=8).states[0]
    assert isinstance(state, Space)
    assert np.abs(peer.components_[:2] @ state.matrix[:, :2]).diagonal() == pytest.approx([1, 1], abs=1e-4)


def test_with_few_terms_one_pass_is_exact() -> None:
    films = pl.DataFrame({"text": ["dark night", "night river river", "blood moon", "moon dark city", "city"]})
    weighed = TfidfVectorizer().fit_transform(films["text"].to_list())
    peer = TruncatedSVD(3, algorithm="arpack").fit_transform(weighed)
    ours = points_of(fit([prep.Lsa("text", 3)], [films]), films)
    assert np.abs(ours) == pytest.approx(np.abs(peer), abs=1e-6)


def test_other_chunks_give_the_same_points_but_for_rounding(texts: pl.DataFrame) -> None:
    one, other = points_of(lsa(texts), texts), points_of(lsa(texts, rows=150), texts)
    assert np.allclose(one, other, atol=1e-5)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_nearly_the_same_space(texts: pl.DataFrame) -> None:
    again, other = lsa(texts), lsa(texts, seed=1)
    assert lsa(texts).to_bytes() == again.to_bytes() != other.to_bytes()
    first, second = (each.states[0] for each in (again, other))
    assert isinstance(first, Space)
    assert isinstance(second, Space)
    assert sum(first.explained) == pytest.approx(sum(second.explained), rel=0.01)


def test_each_components_greatest_loading_is_positive(texts: pl.DataFrame) -> None:
    state = lsa(texts).states[0]
    assert isinstance(state, Space)
    greatest = np.abs(state.matrix).argmax(axis=0)
    assert (state.matrix[greatest, np.arange(30)] > 0).all()


def test_components_beyond_the_rank_are_0() -> None:
    films = pl.DataFrame({"Title": ["dark night", "moon", "moon", None]})
    points = points_of(fit([prep.Lsa("Title", components=5)], [films]), films)
    assert points.shape == (4, 5)
    assert (points[:, 2:] == 0).all()
    assert (points[3] == 0).all()


def test_a_chunks_part_is_bounded_by_terms_and_directions(texts: pl.DataFrame) -> None:
    space = Directions.of([f"word{at}" for at in range(900)], np.ones(900), np.ones((900, 40)))
    assert len(TermScatter.of(texts, "text", directions=space).to_bytes()) < 8 * 900 * 40 + 20_000


def test_directions_are_compared_by_their_content_and_travel_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(SPACE))  # noqa: S301
    assert again == SPACE
    assert again.matrix.tobytes() == SPACE.matrix.tobytes()
    other = Directions.of(WORDS, SPACE.idf, SPACE.matrix * 2)
    assert other != SPACE
    films = pl.DataFrame({"Title": ["dark"]})
    with pytest.raises(Conflict, match="do not add"):
        TermScatter.of(films, "Title", directions=SPACE) | TermScatter.of(films, "Title", directions=other)


def test_it_says_how_much_it_holds_and_which_terms_are_strongest(texts: pl.DataFrame) -> None:
    assert "text: 30 components hold" in lsa(texts).explain()
    same = pl.DataFrame({"text": ["dark", "dark"]})
    assert "do not differ in any term" in fit([prep.Lsa("text", 2)], [same]).explain()


def test_wrong_options_and_columns_are_refused_at_once() -> None:
    with pytest.raises(BadInput, match="Lsa: components=0 leaves nothing"):
        prep.Lsa("text", 0)
    with pytest.raises(BadInput, match="Lsa: passes=0"):
        prep.Lsa("text", passes=0)
    with pytest.raises(BadInput, match="no regular expression"):
        prep.Lsa("text", pattern="(")
    with pytest.raises(WrongType, match="Lsa: column 'text' is int64"):
        prep.Lsa("text").output(schema_of(pl.DataFrame({"text": [1]})))
