"""A row-wise step looks at one row at a time, and says so when it does not."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs
import pytest

from instar.data.rows.rowwise import NotRowByRow, calls_python, need_row_by_row

A, S = pl.col("a"), pl.col("s")


@pytest.mark.parametrize(
    "expression",
    [
        A,
        A + 1,
        pl.lit(3),
        pl.all(),
        pl.col("a", "b") * 2,
        cs.numeric().cast(pl.Float64),
        S.str.to_date("%Y-%m-%d"),
        S.str.split(",").list.len(),
        A.is_in([1, 2]),
        A.fill_null(0),
        pl.when(A > 1).then(2).otherwise(None),
        pl.coalesce("a", "b"),
        pl.struct("a", "b"),
        S.map_elements(len, return_dtype=pl.Int64),
    ],
)
def test_what_looks_at_its_own_row_passes(expression: pl.Expr) -> None:
    need_row_by_row([expression], "select")


@pytest.mark.parametrize(
    "expression",
    [
        A.mean(),
        A - A.mean(),
        (A.quantile(0.5) < A).alias("high"),
        A.fill_null(A.median()),
        A.rank(),
        A.cum_sum(),
        A.shift(1),
        A.sum().over("b"),
        pl.all() - pl.all().min(),
        cs.numeric().mean(),
        pl.len(),
        A.fill_null(strategy="forward"),
        A.is_duplicated(),
        S.str.to_date(),
    ],
)
def test_what_looks_at_other_rows_is_refused_with_the_way_out(expression: pl.Expr) -> None:
    with pytest.raises(NotRowByRow, match=r"with_columns: .* group_by and join"):
        need_row_by_row([expression], "with_columns")


def test_a_python_function_is_seen_wherever_it_stands_and_a_name_is_not_one() -> None:
    called = S.map_elements(lambda text: len(text), return_dtype=pl.Int64)
    assert calls_python(called)
    assert calls_python(pl.when(A > 1).then(called + 1).otherwise(0))
    assert calls_python(pl.map_batches(["a", "s"], lambda columns: columns[0]))
    assert not calls_python(pl.col("Python") + pl.col("AnonymousFunction"))
