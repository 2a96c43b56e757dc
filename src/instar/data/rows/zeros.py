"""One zero: -0.0 and 0.0 are equal, but not in bytes, and not as the key of a group that chunks name differently."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

Floats = TypeVar("Floats", pl.Series, pl.Expr)


def one_zero(floats: Floats) -> Floats:
    """A column of floats, its -0.0 as 0.0. (Adding 0.0 does not do it: Polars leaves several rows as they are then.)

    >>> one_zero(pl.Series([-0.0, 0.0, 1.5, None])).to_list()
    [0.0, 0.0, 1.5, None]
    """
    return floats.replace(0.0, 0.0)


def keyed(column: pl.Series) -> pl.Series:
    """A column of any type as keys: equal values have equal bytes."""
    return one_zero(column) if column.dtype.is_float() else column
