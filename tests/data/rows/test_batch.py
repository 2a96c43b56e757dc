"""Batches: columns and blocks side by side."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, hstack

from instar.base.errors import ColumnMissing, WrongType
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block, counted

ROWS = st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=3), st.sampled_from([0.0, 1.5, None])), max_size=5)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.lists(st.sampled_from("xby"), min_size=1, max_size=4))
def test_the_matrix_is_what_hstack_gives(rows: list[tuple[list[int], float | None]], columns: list[str]) -> None:
    block = counted([terms for terms, _ in rows], {term: term for term in range(5)})
    frame = pl.DataFrame(
        {"x": [x for _, x in rows], "y": list(range(len(rows)))}, schema={"x": pl.Float64, "y": pl.Int64}
    )
    matrix = Batch(frame, {"b": block}).matrix([*columns, "b"])
    parts = [
        block.csr() if name == "b" else csr_matrix(frame[name].cast(pl.Float64).to_numpy()[:, None]) for name in columns
    ]
    expected = hstack([*parts, block.csr()], dtype=np.float64).toarray()
    assert isinstance(matrix, csr_matrix)
    np.testing.assert_array_equal(matrix.toarray(), expected)


def test_without_a_block_the_matrix_is_dense_and_missing_is_nan() -> None:
    frame = pl.DataFrame({"x": [1, None], "b": [True, None], "n": [None, None], "a": [[1.0, 2.0], None]})
    frame = frame.cast({"a": pl.Array(pl.Float32, 2)})
    matrix = Batch(frame).matrix()
    assert isinstance(matrix, np.ndarray)
    np.testing.assert_array_equal(matrix, [[1, 1, np.nan, 1, 2], [np.nan] * 5])


def test_text_has_no_place_in_a_matrix() -> None:
    with pytest.raises(WrongType, match=r"""matrix: column 'Rated' is String.*OneHot\("Rated"\)"""):
        Batch(pl.DataFrame({"Rated": ["R"]})).matrix()
    with pytest.raises(ColumnMissing, match="matrix"):
        Batch(pl.DataFrame({"Rated": ["R"]})).matrix(["Rating"])


def test_a_block_stands_for_the_column_of_its_name() -> None:
    batch = Batch(pl.DataFrame({"a": ["x"], "b": [1]}), {"a": counted([["x"]], {"x": 0}), "c": counted([[]], {"y": 0})})
    assert batch.columns == ("a", "b", "c")
    assert batch.to_polars().rows() == [([1.0], 1, [0.0])]
    assert batch.height == 1


def test_a_block_of_no_width_is_still_a_column() -> None:
    batch = Batch(pl.DataFrame({"a": ["x", None]}), {"a": counted([[], []], {})})
    assert batch.to_polars().schema == {"a": pl.Array(pl.Float32, 0)}
    assert batch.matrix().shape == (2, 0)


def test_a_block_is_scipys_csr_outside() -> None:
    block = counted([["b"], [], ["a", "b", "b"]], {"a": 0, "b": 1})
    assert isinstance(block, Block)
    assert block.shape == (3, 2)
    assert block.csr().toarray().tolist() == block.toarray().tolist() == [[0, 1], [0, 0], [1, 2]]
