"""Edges between bins: where a value falls, and how a bin is called. A value at an edge is in the bin above it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from instar.base.errors import BadInput

MOST_BINS = 65_536


def codes(column: pl.Expr, edges: Sequence[float]) -> pl.Expr:
    """How many edges are at or below each number: uint8 up to 256 bins, else uint16; missing stays missing.

    >>> pl.DataFrame({"x": [1.0, 2.0, None, 9.5]}).select(codes(pl.col("x"), (2.0, 5.0))).to_series().to_list()
    [0, 1, None, 2]
    """
    known = pl.lit(pl.Series(edges, dtype=pl.Float64))
    number = column.cast(pl.Float64)
    found = known.search_sorted(number, side="right").cast(pl.UInt8 if code_type(edges) == "uint8" else pl.UInt16)
    return pl.when(number.is_not_null()).then(found)


def code_type(edges: Sequence[float]) -> str:
    """The word for the type of the codes."""
    return kind_of(len(edges) + 1)


def kind_of(bins: int) -> str:
    """The least type that holds the codes of so many bins."""
    return "uint8" if bins <= 256 else "uint16"


def checked(step: str, bins: int, most: int = MOST_BINS) -> None:
    """Raises BadInput when this is no number of bins."""
    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= most:
        raise BadInput(f"{step}: bins={bins} is not between 1 and {most}; choose a number of bins in it")


def labels(edges: Sequence[float]) -> tuple[str, ...]:
    """The bins in words, by code.

    >>> labels((2.0, 5.0))
    ('below 2', '2 to 5', 'from 5')
    >>> labels(())
    ('all',)
    """
    shown = distinct_words(edges)
    if not shown:
        return ("all",)
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return (f"below {shown[0]}", *between, f"from {shown[-1]}")


def distinct_words(edges: Sequence[float]) -> list[str]:
    """Each edge with as many digits as tell it from its neighbours, six at least."""
    for digits in range(6, 18):
        words = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(words)) == len(words):
            return words
    return [repr(edge) for edge in edges]


def few(words: Sequence[str], most: int = 8) -> str:
    """The first and the last of many.

    >>> few(["a", "b", "c"], most=2), few(["a", "b"])
    ('a, …, c', 'a, b')
    """
    return ", ".join(words if len(words) <= most else (*words[: most - 1], "…", words[-1]))
