"""Terms at hashed places: the laws, and against scikit-learn's HashingVectorizer."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.data.preparing.fitting import fit
from instar.data.rows.frames import schema_of

TEXTS = ["Dark night, dark moon", "été à Paris", "", "one two three four five six seven eight nine ten two two"]


class TestHashText(OperatorContract):
    operator = prep.HashText("Title", width=16, sublinear=True)
    cells: ClassVar[Cells] = {"Title": (pl.String(), st.text("ab É2_-'", max_size=12))}
    sample: ClassVar[dict[str, list[Any]]] = {
        "Title": ["Blood Simple", None, "", "True Blood", "Simple Men", "the men"]
    }
    unseen: ClassVar[dict[str, Any]] = {"Title": "Nothing known ÀÉ"}


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("width", [7, 1024])
def test_the_values_are_those_of_scikit_learn(signed: bool, width: int) -> None:
    frame = pl.DataFrame({"text": TEXTS})
    peer = HashingVectorizer(n_features=width, alternate_sign=signed).transform(TEXTS).toarray()
    ours = fit([prep.HashText("text", width, signed=signed)], [frame]).apply(frame).blocks["text"].toarray()
    assert ours == pytest.approx(peer, abs=1e-6)


def test_sublinear_counts_a_repeated_term_by_its_logarithm() -> None:
    frame = pl.DataFrame({"text": ["dark dark dark moon"]})
    row = fit([prep.HashText("text", 1 << 20, signed=False, sublinear=True)], [frame]).apply(frame).blocks["text"]
    weight = 1 + np.log(3)
    assert sorted(row.values) == pytest.approx(sorted(np.array([weight, 1]) / np.hypot(weight, 1)), abs=1e-6)


def test_terms_that_cancel_out_leave_nothing() -> None:
    words = [f"word{at}" for at in range(40)]
    frame = pl.DataFrame({"text": [" ".join(pair) for pair in itertools.pairwise(words)]})
    block = fit([prep.HashText("text", 1)], [frame]).apply(frame).blocks["text"]
    assert set(block.toarray().ravel().tolist()) == {-1.0, 0.0, 1.0}
    assert (block.values != 0).all()


def test_it_learns_nothing_and_says_so() -> None:
    frame = pl.DataFrame({"text": TEXTS})
    assert fit([prep.HashText("text")], [frame[:1]]) == fit([prep.HashText("text")], [frame[1:]])
    assert "nothing was learned" in fit([prep.HashText("text")], [frame]).explain()


def test_wrong_options_and_columns_are_refused_at_once() -> None:
    with pytest.raises(BadInput, match="HashText: width=0"):
        prep.HashText("text", 0)
    with pytest.raises(WrongType, match="HashText: column 'text' is int64"):
        prep.HashText("text").output(schema_of(pl.DataFrame({"text": [1]})))
