"""How a cell is cut into terms: one rule for one row and for a chunk."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import polars as pl

from instar.base.errors import BadInput, WrongType

WORD = r"\w\w+"  # two or more letters, digits or underscores: what scikit-learn takes for a word
Cut = Callable[[str], list[str]]


@cache
def words(pattern: str = WORD) -> Cut:
    """Every match of ``pattern`` in the lower-cased text. Raises BadInput when the pattern is none, or has groups.

    >>> words()("The Big Lebowski, a film")
    ['the', 'big', 'lebowski', 'film']
    """
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise BadInput(f"{pattern!r} is no regular expression: {error}; the default is {WORD!r}") from error
    if found.groups:
        raise BadInput(f"{pattern!r} has groups, so it would give parts of words; write them as (?:…)")
    return lambda text: found.findall(text.lower())


@cache
def parts(separator: str) -> Cut:
    """The text cut at ``separator``; space around a part goes, and so do empty parts. Raises BadInput when it is empty.

    >>> parts(",")("Comedy, Drama,")
    ['Comedy', 'Drama']
    """
    if not separator:
        raise BadInput("the separator is empty; give the text between two categories, such as ', '")
    return lambda text: [bare for part in text.split(separator) if (bare := part.strip())]


def cut_of(pattern: str | None, separator: str | None) -> Cut:
    """The rule that the options of a summary or operator name: by words, or by a separator."""
    return parts(separator) if separator is not None else words(pattern or WORD)


def terms_of(series: pl.Series, cut: Cut, step: str) -> list[list[str]]:
    """The terms of each row, repetitions kept; none for a missing value. A column of lists has them already.

    Raises WrongType when the column holds neither text nor lists of text.
    """
    if series.dtype == pl.List(pl.String):
        return [[term for term in row if term] if row is not None else [] for row in series.to_list()]
    if series.dtype not in (pl.String, pl.Null):
        raise WrongType(series.name, step, str(series.dtype), "text", 'use Cast(…, to="string") first')
    return [cut(text) if text is not None else [] for text in series.to_list()]
