"""Categories in a fixed number of places."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.data.preparing.fitting import fit
from instar.data.rows.frames import schema_of


class TestHashingOfTokens(OperatorContract):
    operator = prep.Hashing("Genre", buckets=5, separator=",", seed=3)
    cells: ClassVar[Cells] = {
        "Genre": (pl.String(), st.lists(st.sampled_from(["War", "Ação", " ", ""]), max_size=4).map(",".join))
    }
    sample: ClassVar[dict[str, list[Any]]] = {"Genre": ["Comedy, Drama", None, "", "War", "Drama,Comedy", "Ação"]}
    unseen: ClassVar[dict[str, Any]] = {"Genre": "Western, Noir"}


class TestHashingOfCategories(OperatorContract):
    operator = prep.Hashing("Rated", "Year", buckets=7)
    cells: ClassVar[Cells] = {
        "Rated": (pl.String(), st.sampled_from(["R", "PG", "", "é"])),
        "Year": (pl.Int64(), st.integers(-5, 5)),
    }
    sample: ClassVar[dict[str, list[Any]]] = {"Rated": ["R", None, "PG", "R", "", "G"], "Year": [1, 2, None, 4, 5, 6]}
    unseen: ClassVar[dict[str, Any]] = {"Rated": "X", "Year": 10**9}


def hashed(operator: prep.Hashing, cells: list[Any]) -> np.ndarray[Any, Any]:
    rows = pl.DataFrame({"x": cells})
    return fit([operator], [rows]).apply(rows).blocks["x"].toarray()


def test_every_category_has_one_place_and_a_sign_and_a_missing_one_has_none() -> None:
    found = hashed(prep.Hashing("x", buckets=64), ["a", "b", None, "a"])
    assert np.abs(found).sum(axis=1).tolist() == [1, 1, 0, 1]
    assert (found[0] == found[3]).all()


def test_what_the_tokens_of_a_row_add_is_the_sum_of_what_each_adds() -> None:
    operator = prep.Hashing("x", buckets=16, separator=" ")
    assert (hashed(operator, ["a b a"])[0] == hashed(operator, ["a", "b", "a"]).sum(axis=0)).all()


def test_signs_keep_inner_products_unbiased_and_without_them_all_count_one() -> None:
    names = [f"category {number}" for number in range(4000)]
    signed = hashed(prep.Hashing("x", buckets=256), names)
    assert abs(signed.sum()) < 4 * np.sqrt(4000)  # four standard deviations of a sum of fair signs
    unsigned = hashed(prep.Hashing("x", buckets=256, signed=False), names)
    assert unsigned.sum() == 4000
    assert unsigned.sum(axis=0).max() < 40  # 15.6 a bucket are expected


def test_another_seed_gives_other_places_and_the_number_is_not_the_text() -> None:
    one, other = (hashed(prep.Hashing("x", buckets=512, seed=seed), ["a"]) for seed in (0, 1))
    assert one.argmax() != other.argmax()
    assert (hashed(prep.Hashing("x", buckets=512), ["1"]) != hashed(prep.Hashing("x", buckets=512), [1])).any()


def test_what_cancels_is_no_entry() -> None:
    operator = prep.Hashing("x", buckets=1, separator=" ")
    signs = {name: hashed(operator, [name])[0, 0] for name in "abcdefgh"}
    plus = next(name for name, sign in signs.items() if sign > 0)
    minus = next(name for name, sign in signs.items() if sign < 0)
    rows = pl.DataFrame({"x": [f"{plus} {minus}"]})
    assert fit([operator], [rows]).apply(rows).blocks["x"].values.size == 0


def test_bad_options_and_columns_are_refused() -> None:
    with pytest.raises(BadInput, match="buckets=0"):
        prep.Hashing("x", buckets=0)
    with pytest.raises(BadInput, match="separator is empty"):
        prep.Hashing("x", separator="")
    with pytest.raises(WrongType, match="'x' is float64"):
        prep.Hashing("x").output(schema_of(pl.DataFrame({"x": [1.5]})))
    with pytest.raises(WrongType, match="lists of text"):
        prep.Hashing("x", separator=",").output(schema_of(pl.DataFrame({"x": [1]})))
