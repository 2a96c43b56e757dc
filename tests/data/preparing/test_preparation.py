"""Preparations: fused, carried as bytes, the same on one row and on many, and cheap on one."""

from __future__ import annotations

import pickle
import random

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from tests.contracts.operators import bits, dense

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation

GENRES = ["Comedy", "Drama", "Action", "Horror", "Sci-Fi", "War", "Music"]


def films(rows: int) -> pl.DataFrame:
    chooser = random.Random(7)
    return pl.DataFrame(
        {
            "imdbID": [f"tt{n}" for n in range(rows)],
            "Title": [" ".join(f"word{chooser.randrange(4000)}" for _ in range(4)) for _ in range(rows)],
            "Genre": [", ".join(chooser.sample(GENRES, chooser.randint(0, 3))) or None for _ in range(rows)],
            "Runtime": [chooser.choice([None, 90, 100, 120]) for _ in range(rows)],
            "Year": [chooser.randint(1930, 2020) for _ in range(rows)],
        }
    )


def film_preparation(frame: pl.DataFrame) -> Preparation:
    return fit(
        [
            prep.Impute("Runtime", strategy="median"),
            prep.MultiHot("Genre", separator=", "),
            prep.TfIdf("Title", terms=2000),
            prep.Standardize("Runtime", "Year"),
        ],
        list(frame.iter_slices(2000)),
    )


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return films(5000)


@pytest.fixture(scope="module")
def preparation(frame: pl.DataFrame) -> Preparation:
    return film_preparation(frame)


def test_the_features_are_the_columns_it_names_in_order(preparation: Preparation) -> None:
    assert preparation.features == ("Runtime", "Genre", "Title", "Year")
    names = preparation.feature_names()
    assert (names[0], names[1], names[-1], len(names)) == ("Runtime", "Genre=Action", "Year", 2009)


def test_rows_in_bulk_by_64_and_one_by_one_are_the_same_bits(preparation: Preparation, frame: pl.DataFrame) -> None:
    bulk = dense(preparation.matrix(frame))
    by_64 = np.vstack([dense(preparation.matrix(part)) for part in frame.iter_slices(64)])
    assert by_64.tobytes() == bulk.tobytes()
    for at in range(0, frame.height, 97):
        assert dense(preparation.matrix(frame[at])).tobytes() == bulk[at].tobytes()


def test_the_matrix_is_csr_with_sorted_places(preparation: Preparation, frame: pl.DataFrame) -> None:
    matrix = preparation.matrix(frame)
    assert isinstance(matrix, csr_matrix)
    checked = csr_matrix((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    assert checked.has_canonical_format
    assert matrix.dtype == np.float64
    assert matrix.shape == (5000, 2009)


def test_all_expressions_are_one_call(preparation: Preparation, frame: pl.DataFrame) -> None:
    [(expressions, blocks)] = preparation._pipeline._calls
    assert (len(expressions), len(blocks)) == (2, 2)


def test_an_expression_moves_before_a_block_of_other_columns() -> None:
    rows = pl.DataFrame({"a": ["x", None], "b": [1, 3]})
    fitted = fit([prep.OneHot("a"), prep.Standardize("b"), prep.Impute("b"), prep.MinMax("b")], [rows])
    assert len(fitted._pipeline._calls) == 1
    assert fitted.apply(rows).frame["b"].to_list() == [0.0, 1.0]


def test_a_row_without_nan_is_what_the_row_gives_among_others() -> None:
    names = ["a", "b", "c", "d", "e"]
    rows = pl.DataFrame({name: [at + 1.5, float("nan"), None, -0.0, float("inf")] for at, name in enumerate(names)})
    mixed = rows.with_columns(e=pl.lit(2.0))
    fitted = fit([prep.Standardize("e"), prep.ImputeNeighbours(*names, k=1), prep.NeighbourScore(*names, k=1)], [rows])
    for frame in (rows, mixed):
        bulk = np.asarray(fitted.matrix(frame))
        assert (
            np.vstack([np.asarray(fitted.matrix(frame[at])) for at in range(frame.height)]).tobytes() == bulk.tobytes()
        )


def test_it_comes_back_from_bytes_and_from_a_pickle(preparation: Preparation, frame: pl.DataFrame) -> None:
    for again in (Preparation.from_bytes(preparation.to_bytes()), pickle.loads(pickle.dumps(preparation))):  # noqa: S301
        assert again == preparation
        assert again.digest == preparation.digest
        assert dense(again.matrix(frame[:50])).tobytes() == dense(preparation.matrix(frame[:50])).tobytes()


def test_damaged_bytes_are_refused(preparation: Preparation) -> None:
    with pytest.raises(BadInput, match="damaged"):
        Preparation.from_bytes(preparation.to_bytes()[:-5])
    with pytest.raises(BadInput, match="layout 9"):
        Preparation.from_bytes(b'{"preparation": 9}')


def test_apply_keeps_the_other_columns_and_their_order(preparation: Preparation, frame: pl.DataFrame) -> None:
    before = bits(frame[:9])
    out = preparation.apply(frame[:9]).to_polars()
    assert out.columns == frame.columns
    assert out["imdbID"].equals(frame["imdbID"][:9])
    assert bits(frame[:9]) == before


def test_a_row_may_come_as_other_types_that_lose_nothing(preparation: Preparation) -> None:
    row = {"Title": "word1 word2", "Genre": "War", "Runtime": 90, "Year": 1999}
    plain = dense(preparation.matrix(pl.DataFrame([row])))
    as_floats = dense(preparation.matrix(pl.DataFrame([row | {"Year": 1999.0, "Runtime": 90.0}])))
    assert plain.tobytes() == as_floats.tobytes()
    assert preparation.matrix(pl.DataFrame([dict.fromkeys(row)])).shape == (1, 2009)


def test_a_row_that_does_not_fit_is_refused_by_name(preparation: Preparation) -> None:
    row = {"Title": "word1", "Genre": "War", "Runtime": 90, "Year": 1999}
    with pytest.raises(WrongType, match="preparation: column 'Year' is string, int64 is needed"):
        preparation.matrix(pl.DataFrame([row | {"Year": "1999"}]))
    with pytest.raises(WrongType, match="preparation: column 'Year' is float64, int64 is needed"):
        preparation.matrix(pl.DataFrame([row | {"Year": 1999.5}]))
    with pytest.raises(ColumnMissing, match="preparation: the input has no column 'Genre'"):
        preparation.matrix(pl.DataFrame([{"Title": "word1", "Runtime": 90, "Year": 1999}]))


def test_it_says_what_it_learned(preparation: Preparation) -> None:
    lines = preparation.explain().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("Runtime: a missing value becomes the median, 100 (")
    assert lines[1].startswith("Genre: 7 categories learned from ")


def test_the_output_feeds_later_operators_and_a_new_column_too() -> None:
    rows = pl.DataFrame({"x": [1.0, None, 3.0]})
    fitted = fit(
        [prep.Impute("x", indicator=True), prep.Discretize("x", bins=2), prep.OneHot("x", "x_missing")], [rows]
    )
    assert fitted.features == ("x",)
    assert fitted.feature_names() == ("x=0", "x=1", "x_missing=False", "x_missing=True")
    assert dense(fitted.matrix(rows)).tolist() == [[1, 0, 1, 0], [0, 1, 0, 1], [0, 1, 1, 0]]
