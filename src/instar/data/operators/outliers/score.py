"""What every outlier score shares: one new column of numbers, and rows that have none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import with_fields
from instar.data.operators.sampled import Floats
from instar.data.rows.batch import Batch

_BLOCK = 256  # rows compared with the sample at a time


def with_score(schema: Schema, into: str, step: str) -> Schema:
    """The schema with the column ``into``. Raises BadInput when it is there already."""
    if into in schema:
        raise BadInput(
            f"{step}: the input has a column {into!r} already; give another name, such as into={into + '_2'!r}"
        )
    return with_fields(schema, Field(into, "float64", role="feature"))


def must_name(into: str, columns: tuple[str, ...], step: str) -> None:
    if not into or into in columns:
        raise BadInput(f"{step}: into={into!r} must be the name of a new column")


def scored(rows: Batch, into: str, score: Callable[[Floats], Floats]) -> pl.Series:
    """The scores of the rows that are complete: null where a value is missing, infinite where one is.

    score : from complete rows, shape (rows, columns), to scores, shape (rows,)
    """
    values = rows.matrix()
    assert isinstance(values, np.ndarray)
    found = np.full(rows.height, np.nan)
    found[np.isinf(values).any(axis=1)] = np.inf
    found[np.isnan(values).any(axis=1)] = np.nan
    whole = np.flatnonzero(np.isfinite(values).all(axis=1))
    for start in range(0, whole.size, _BLOCK):
        places = whole[start : start + _BLOCK]
        found[places] = score(values[places])
    return pl.Series(into, found, dtype=pl.Float64).fill_nan(None)
