"""How cells are cut into terms."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from instar.base.errors import WrongType
from instar.data.values.texts import parts, terms_of, words


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_words_are_those_of_scikit_learn(text: str) -> None:
    assert words()(text) == CountVectorizer().build_analyzer()(text)


def test_a_missing_text_has_no_terms() -> None:
    assert terms_of(pl.Series(["a,b", None, ""]), parts(","), "test") == [["a", "b"], [], []]


def test_numbers_are_no_text() -> None:
    with pytest.raises(WrongType, match="test: column 'x' is Int64, text is needed"):
        terms_of(pl.Series("x", [1]), words(), "test")
