"""Terms at hashed places: text to numbers without a vocabulary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import BlockOperator, Nothing, operator
from instar.data.operators.types import text
from instar.data.rows.block import Block
from instar.data.values.texts import WORD, terms_of, words
from instar.data.values.weighing import unit_length


@operator("hash_text")
@dataclass(frozen=True, init=False)
class HashText(BlockOperator[Nothing]):
    """A block: each term counts at a place that its hash gives, each row scaled to length 1. It learns nothing.

    The place is |h| modulo ``width``, h being the term's MurmurHash3 (32 bits, UTF-8, seed 0); several terms may share
    one.  signed : a term whose h is negative counts negatively, so that what shares a place cancels out on average
    sublinear : a term that occurs n times counts 1 + ln n, not n.
    The values are those of scikit-learn's HashingVectorizer. A missing or empty text is all 0.
    Source: Weinberger et al. (2009), Feature hashing for large scale multitask learning, ICML.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Title": ["True Blood", None]})
    >>> fit([HashText("Title", width=4)], [films]).apply(films).blocks["Title"].toarray().tolist()
    [[0.0, 0.0, 0.7071067690849304, -0.7071067690849304], [0.0, 0.0, 0.0, 0.0]]
    """

    columns: tuple[str, ...]
    width: int = 4096
    signed: bool = True
    sublinear: bool = False
    pattern: str = WORD

    def __init__(
        self, column: str, width: int = 4096, *, signed: bool = True, sublinear: bool = False, pattern: str = WORD
    ) -> None:
        words(pattern)
        if not 1 <= width < 2**31:
            raise BadInput(f"HashText: width={width} is not from 1 to 2,147,483,647; 4096 suits short texts")
        self._set((column,), width=width, signed=signed, sublinear=sublinear, pattern=pattern)

    def output(self, schema: Schema, state: Nothing | None = None) -> Schema:
        text(schema, self.columns[0], "HashText")
        return self.many(schema, self.columns, (self.width,))

    def fit(self, summaries: object) -> Nothing:
        return Nothing()

    def block(self, values: pl.Series, state: Nothing) -> Block:
        starts, places, counts = [0], [], []
        for terms in terms_of(values, words(self.pattern), "HashText"):
            row = self._row(terms)
            places += sorted(row)
            counts += [row[place] for place in sorted(row)]
            starts.append(len(places))
        found = np.array(counts, dtype=np.float64)
        at = np.array(starts, dtype=np.int64), np.array(places, dtype=np.int32)
        return unit_length(Block(self.width, *at, found.astype(np.float32)), found)

    def features(self, column: str, state: Nothing) -> tuple[str, ...]:
        """None has a name: a place stands for whatever terms fall there."""
        return ()

    def explain(self, state: Nothing) -> str:
        return f"{self.columns[0]}: each term counts at one of {self.width} hashed places; nothing was learned"

    def _row(self, terms: list[str]) -> dict[int, float]:
        """The places of one text that do not cancel out, and what counts there."""
        times: dict[str, int] = {}
        for term in terms:
            times[term] = times.get(term, 0) + 1
        row: dict[int, float] = {}
        for term in sorted(times):  # in one order: a sum of logarithms depends on it
            place, sign = _hashed(term, self.width)
            counted = 1 + math.log(times[term]) if self.sublinear else times[term]
            row[place] = row.get(place, 0.0) + (sign if self.signed else 1) * counted
        return {place: value for place, value in row.items() if value}


@lru_cache(maxsize=1 << 16)
def _hashed(term: str, width: int) -> tuple[int, int]:
    """The place of a term, and its sign."""
    from sklearn.utils import murmurhash3_32

    found = int(murmurhash3_32(term.encode(), seed=0))
    return abs(found) % width, 1 if found >= 0 else -1
