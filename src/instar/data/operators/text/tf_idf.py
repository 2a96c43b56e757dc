"""The weights of a text's terms."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.encode.vocabulary import Vocabulary
from instar.data.operators.operator import BlockOperator, Known, operator
from instar.data.operators.types import text
from instar.data.rows.block import Block
from instar.data.summaries import DocumentFrequency, Of, Summary
from instar.data.values.texts import WORD, terms_of, words
from instar.data.values.weighing import weighed


class Weights(Vocabulary, frozen=True, dict=True):
    """documents : of each term, the texts in which it occurs; its weight follows from it"""

    documents: tuple[int, ...] = ()

    @cached_property
    def idf(self) -> NDArray[np.float64]:
        """ln((1 + texts) / (1 + texts with the term)) + 1, shape (terms,): smoothed as in scikit-learn."""
        # math.log and not numpy's, whose last bit depends on the processor
        return np.array([math.log((1 + self.rows) / (1 + found)) + 1 for found in self.documents], dtype=np.float64)


def learned(seen: Summary, limit: int | None) -> tuple[tuple[str, ...], int, int, tuple[int, ...]]:
    """Of the ``limit`` terms in the most texts: the terms, all texts, how many terms were left out, texts with each."""
    assert isinstance(seen, DocumentFrequency)
    kept = sorted(seen.top(limit))
    terms, documents = tuple(term for term, _ in kept), tuple(found for _, found in kept)
    return terms, seen.documents, len(seen.counts) - len(kept), documents


@operator("tf_idf", state=Weights)
@dataclass(frozen=True, init=False)
class TfIdf(BlockOperator[Weights]):
    """A block: how often each term occurs in the row's text, times its rarity, scaled to length 1.

    The vocabulary is the ``terms`` terms found in the most texts (ties by term; None: all), pruned after all chunks
    are merged. Text is lower-cased; a term is a match of ``pattern``. With the same vocabulary the values are those of
    scikit-learn's TfidfVectorizer. A missing or empty text, and one without a known term, is all 0.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Title": ["Blood Simple", "True Blood"]})
    >>> fit([TfIdf("Title", terms=1)], [films]).apply(films).blocks["Title"].toarray().tolist()
    [[1.0], [1.0]]
    """

    columns: tuple[str, ...]
    terms: int | None = 1000
    pattern: str = WORD

    def __init__(self, column: str, terms: int | None = 1000, *, pattern: str = WORD) -> None:
        words(pattern)
        if terms is not None and terms < 1:
            raise BadInput(f"TfIdf: terms={terms} keeps no term; give a number from 1, or None for all")
        self._set((column,), terms=terms, pattern=pattern)

    def output(self, schema: Schema, state: Weights | None = None) -> Schema:
        text(schema, self.columns[0], "TfIdf")
        return self.block_fields(schema, state)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {} if "seen" in known else {"seen": Of(DocumentFrequency, *self.columns, pattern=self.pattern)}

    def fit(self, summaries: Known) -> Weights:
        return Weights(*learned(summaries["seen"], self.terms))

    def block(self, values: pl.Series, state: Weights) -> Block:
        return weighed(terms_of(values, words(self.pattern), "TfIdf"), state.places, state.idf)

    def features(self, column: str, state: Weights) -> tuple[str, ...]:
        return state.names()

    def explain(self, state: Weights) -> str:
        return f"{self.columns[0]}: {state.words('term', 'terms')}, weighted by rarity"
