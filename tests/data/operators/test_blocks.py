"""What OneHot, MultiHot and TfIdf do beyond the laws."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators import AnyOperator
from instar.data.operators.text.tf_idf import Weights
from instar.data.preparing.fitting import fit


def titles(rows: int = 500) -> pl.DataFrame:
    chooser = random.Random(7)
    words = [f"{'été' if n % 7 == 0 else 'word'}{n}" for n in range(200)]
    return pl.DataFrame({"Title": [" ".join(chooser.choices(words, k=6)).title() for _ in range(rows)]})


def test_tf_idf_gives_what_scikit_learn_gives_for_the_same_vocabulary() -> None:
    frame = titles()
    preparation = fit([prep.TfIdf("Title", terms=100)], list(frame.iter_slices(90)))
    state = preparation.states[0]
    assert isinstance(state, Weights)
    theirs = TfidfVectorizer(vocabulary=list(map(str, state.terms))).fit_transform(frame["Title"].to_list())
    ours = preparation.apply(frame).blocks["Title"].toarray()
    np.testing.assert_allclose(ours, theirs.toarray(), atol=1e-7)


def test_rare_terms_are_pruned_after_the_merge_and_ties_go_by_term() -> None:
    chunks = [pl.DataFrame({"Title": texts}) for texts in (["aa xx", "aa xx"], ["bb", "bb"], ["bb cc", "aa cc"])]
    state = fit([prep.TfIdf("Title", terms=3)], chunks).states[0]
    assert isinstance(state, Weights)
    assert (state.terms, state.documents, state.dropped) == (("aa", "bb", "cc"), (3, 3, 2), 1)


def test_missing_empty_and_unknown_texts_give_empty_rows() -> None:
    frame = pl.DataFrame({"Title": ["blood simple", None, "", "?"]})
    preparation = fit([prep.TfIdf("Title", terms=10)], [frame[:1]])
    assert preparation.apply(frame).blocks["Title"].starts.tolist() == [0, 2, 2, 2, 2]


def test_an_empty_cell_names_no_category_and_a_repeated_one_counts_once() -> None:
    films = pl.DataFrame({"Genre": ["", " , ", "War,  War", None]})
    preparation = fit([prep.MultiHot("Genre", separator=",")], [films])
    assert preparation.feature_names() == ("Genre=War",)
    assert preparation.apply(films).blocks["Genre"].toarray().tolist() == [[0.0], [0.0], [1.0], [0.0]]


def test_a_list_needs_no_separator() -> None:
    films = pl.DataFrame({"Genre": [["War", "Drama"], [], None, [None, "War", ""]]})
    preparation = fit([prep.MultiHot("Genre")], [films])
    assert preparation.apply(films).blocks["Genre"].toarray().tolist() == [[1, 1], [0, 0], [0, 0], [0, 1]]


def test_only_the_commonest_categories_are_kept_when_asked() -> None:
    films = pl.DataFrame({"Genre": ["a, b", "b", "c"]})
    assert fit([prep.MultiHot("Genre", limit=2)], [films]).feature_names() == ("Genre=a", "Genre=b")
    assert fit([prep.OneHot("Genre", limit=1)], [films]).feature_names() == ("Genre=a, b",)


def test_a_block_is_one_column_outside() -> None:
    films = pl.DataFrame({"id": [1, 2], "Genre": ["War", "Drama, War"], "Year": [1, 2]})
    out = fit([prep.MultiHot("Genre")], [films]).apply(films).to_polars()
    assert out.schema == {"id": pl.Int64, "Genre": pl.Array(pl.Float32, 2), "Year": pl.Int64}
    assert out["Genre"].to_list() == [[0, 1], [1, 1]]


def test_floats_are_no_categories() -> None:
    with pytest.raises(WrongType, match=r"""OneHot: column 'x' is float64.*Discretize\("x", bins=10\) first"""):
        prep.OneHot("x").output(Schema.of(Field("x", "float64")))


def test_numbers_are_no_text() -> None:
    for operator in (prep.TfIdf("Year"), prep.MultiHot("Year")):
        with pytest.raises(
            WrongType, match=r"""'Year' is int64, text.* is needed; Cast\("Year", to="string"\) first"""
        ):
            operator.output(Schema.of(Field("Year", "int64")))


def test_definitions_that_keep_nothing_are_refused() -> None:
    for define in (
        lambda: prep.TfIdf("x", terms=0),
        lambda: prep.OneHot("x", limit=0),
        lambda: prep.MultiHot("x", limit=0),
    ):
        with pytest.raises(BadInput, match="keeps no"):
            define()
    with pytest.raises(BadInput, match="separator is empty"):
        prep.MultiHot("x", separator="")
    with pytest.raises(BadInput, match="has groups"):
        prep.TfIdf("x", pattern=r"(\w)\w+")
    with pytest.raises(BadInput, match="is no regular expression"):
        prep.TfIdf("x", pattern="[")


@pytest.mark.parametrize(
    "operator",
    [
        prep.OneHot("x"),
        prep.OneHot("x", unknown="own", limit=3),
        prep.MultiHot("x", separator=" "),
        prep.Hashing("x", buckets=5),
        prep.Hashing("x", buckets=5, separator=" ", signed=False),
    ],
    ids=str,
)
def test_many_equal_values_give_what_each_gives_alone(operator: AnyOperator) -> None:
    few = pl.DataFrame({"x": ["a b", None, "c", "", "b b d", "unseen", "c d"]})
    many = few.sample(2500, with_replacement=True, seed=7)
    preparation = fit([operator], [few[:5]])
    alone = [preparation.matrix(few[at]).toarray()[0] for at in range(few.height)]  # type: ignore[union-attr]
    places = {value: at for at, value in enumerate(few["x"].to_list())}
    wanted = np.array([alone[places[value]] for value in many["x"].to_list()])
    found = preparation.matrix(many)
    assert found.toarray().tobytes() == wanted.tobytes()  # type: ignore[union-attr]


def test_many_equal_values_also_name_the_unseen_one() -> None:
    preparation = fit([prep.OneHot("x", unknown="error")], [pl.DataFrame({"x": ["a"]})])
    with pytest.raises(BadInput, match="'b', which training has not seen"):
        preparation.apply(pl.DataFrame({"x": ["a"] * 1500 + ["b", "c"] * 100}))
