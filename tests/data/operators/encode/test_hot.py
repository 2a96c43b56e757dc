"""One place for each category: what becomes of those that training has not seen."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput
from instar.data.operators import operator_from
from instar.data.preparing.fitting import fit

SEEN = pl.DataFrame({"Rated": ["R", "PG", None, "R"], "Genre": ["War, Drama", "Drama", "", None]})
OTHER = pl.DataFrame({"Rated": ["X", None, "R"], "Genre": ["Noir, War, Western", "", None]})


class TestOneHotWithAPlaceForTheRest(OperatorContract):
    operator = prep.OneHot("Rated", limit=2, unknown="own")
    cells: ClassVar[Cells] = {"Rated": (pl.String(), st.sampled_from(["R", "PG", "G", "é", ""]))}
    sample: ClassVar[dict[str, list[Any]]] = {"Rated": ["R", None, "PG", "R", "PG", ""]}
    unseen: ClassVar[dict[str, Any]] = {"Rated": "X"}


def block(operator: Any, column: str) -> list[list[float]]:
    found: list[list[float]] = fit([operator], [SEEN]).apply(OTHER).blocks[column].toarray().tolist()
    return found


def test_unseen_categories_are_passed_over() -> None:
    assert block(prep.OneHot("Rated"), "Rated") == [[0, 0], [0, 0], [0, 1]]
    assert block(prep.MultiHot("Genre"), "Genre") == [[0, 1], [0, 0], [0, 0]]


def test_unseen_and_rare_categories_share_a_place_of_their_own() -> None:
    assert block(prep.OneHot("Rated", unknown="own"), "Rated") == [[0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert block(prep.MultiHot("Genre", unknown="own"), "Genre") == [[0, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert block(prep.OneHot("Rated", unknown="own", limit=1), "Rated") == [[0, 1], [0, 0], [1, 0]]
    names = fit([prep.OneHot("Rated", unknown="own")], [SEEN]).feature_names()
    assert names == ("Rated=PG", "Rated=R", "Rated=(other)")


def test_unseen_categories_are_refused_with_their_name() -> None:
    with pytest.raises(BadInput, match="OneHot: column 'Rated' has 'X'"):
        block(prep.OneHot("Rated", unknown="error"), "Rated")
    with pytest.raises(BadInput, match=r"MultiHot: column 'Genre' has '(Noir|Western)'"):
        block(prep.MultiHot("Genre", unknown="error"), "Genre")


def test_a_word_nobody_knows_and_a_limit_that_would_refuse_training_rows_are_refused_at_once() -> None:
    with pytest.raises(BadInput, match="use one of ignore, own, error"):
        prep.OneHot("Rated", unknown="drop")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="refuse rows of the training itself"):
        prep.MultiHot("Genre", unknown="error", limit=3)


def test_a_definition_from_before_the_option_is_read_as_it_was_meant() -> None:
    old = {"operator": "one_hot", "version": 1, "columns": ["Rated"], "limit": None}
    assert operator_from(old) == prep.OneHot("Rated", unknown="ignore")


def test_it_says_what_becomes_of_the_others() -> None:
    assert fit([prep.OneHot("Rated", unknown="own")], [SEEN]).explain().endswith("; any other is (other)")
    assert fit([prep.MultiHot("Genre", unknown="error")], [SEEN]).explain().endswith("; any other is refused")
