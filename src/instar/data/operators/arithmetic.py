"""Arithmetic that is the same, to the last bit, on one row and on a chunk."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TINY = 1e-300  # the reciprocal of a smaller number may be infinite
_ROWS = 16  # rows of a product: BLAS takes other ways, which round otherwise, for fewer


def divided(column: pl.Expr, by: float, like: pl.Expr | None = None) -> pl.Expr:
    """``column / by``, truly divided.

    Polars divides one row by a number, but multiplies several by the number's reciprocal, which may end in another
    bit. By a column it always divides; the divisor is made one here (0 where the column is null: that stays null). A
    literal that when/then or repeat spreads over the rows is no such column: Polars sees through it.
    like : what ``column`` was computed from, which has its nulls and is cheaper to ask for them

    >>> rows = pl.DataFrame({"x": [float(n) for n in range(1000)]})
    >>> bulk = rows.select(divided(pl.col("x"), 49.0))["x"]
    >>> bulk.to_list() == [n / 49.0 for n in range(1000)]
    True
    """
    mask = column if like is None else like
    return column / (mask.is_not_null().cast(pl.Float64) * by)


def scaled(column: pl.Expr, width: float, like: pl.Expr) -> pl.Expr:
    """``column / width`` for a scale from 0 to 1: within the last bit, and exactly 1 where the column is the width.

    By multiplication with the reciprocal that gives 1, which is the same on one row and on many, and three times as fast
    as dividing truly; where rounding leaves no such reciprocal (one width of some ten), by dividing.
    """
    nearest = 1.0 / width if abs(width) > _TINY else math.inf
    for reciprocal in (nearest, math.nextafter(nearest, math.inf), math.nextafter(nearest, 0.0)):
        if width * reciprocal == 1.0:
            return column * reciprocal
    return divided(column, width, like)


def product(rows: Floats, matrix: Floats) -> Floats:
    """``rows @ matrix``, shape (rows, columns of matrix): a row gives the same alone and among others.

    >>> rows, matrix = np.random.default_rng(7).normal(size=(100, 30)), np.random.default_rng(8).normal(size=(30, 9))
    >>> whole = product(rows, matrix)
    >>> all((product(rows[at : at + 1], matrix) == whole[at]).all() for at in range(100))
    True
    """
    height, width = rows.shape
    whole = np.ascontiguousarray(rows)
    if height % _ROWS:
        whole = np.zeros((height + -height % _ROWS, width))
        whole[:height] = rows
    made: Floats = np.matmul(whole.reshape(whole.shape[0] // _ROWS, _ROWS, width), matrix)
    return made.reshape(whole.shape[0], matrix.shape[1])[:height]
