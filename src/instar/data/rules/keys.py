"""Columns as keys of groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.data.rows.zeros import one_zero

COUNT = "__count"


Names = str | tuple[str, ...]


def names_of(given: Names, step: str) -> tuple[str, ...]:
    """One column or several. Raises BadInput for none, and for one named twice."""
    names = (given,) if isinstance(given, str) else tuple(given)
    if not names:
        raise BadInput(f"{step}: no column is named")
    if len(set(names)) < len(names):
        raise BadInput(f"{step}: a column is named twice in {', '.join(names)}; name each once")
    return names


def keyed(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """These columns, so that equal values are equal: NaN is missing, and there is one zero."""
    return frame.select(
        one_zero(pl.col(name).fill_nan(None)) if frame.schema[name].is_float() else pl.col(name) for name in columns
    )


def whole(frame: pl.DataFrame, columns: Iterable[str]) -> pl.Expr:
    """Whether no part of the key is missing."""
    return pl.all_horizontal(pl.col(name).is_not_null() for name in columns)


def counted(keys: pl.DataFrame) -> pl.DataFrame:
    """Each key once, with the number of its rows; keys with a missing part are left out."""
    kept = keys.filter(whole(keys, keys.columns))
    return kept.group_by(kept.columns, maintain_order=True).agg(pl.len().cast(pl.Int64).alias(COUNT))


def added(parts: pl.DataFrame) -> pl.DataFrame:
    """Counts of the same key as one."""
    keys = [name for name in parts.columns if name != COUNT]
    return parts.group_by(keys, maintain_order=True).agg(pl.col(COUNT).sum())


def told(row: Mapping[str, Any], columns: Iterable[str]) -> str:
    """A key in words.

    >>> told({"city": "Olinda", "n": 1}, ("city", "n"))
    "city 'Olinda', n 1"
    """
    return ", ".join(
        f"{name} {row[name]!r}" if isinstance(row[name], str) else f"{name} {row[name]}" for name in columns
    )
