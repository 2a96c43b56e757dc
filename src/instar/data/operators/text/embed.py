"""A text as the mean of its tokens' pretrained vectors."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, Conflict
from instar.base.schema import Schema
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.operators.text.word_llama import shortened, word_llama
from instar.data.operators.types import text
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block, counted

SIZES = (64, 128, 256)


class Pretrained(msgspec.Struct, frozen=True):
    """weights : the digest of the vectors and of the tokenizer, which are not part of the state"""

    weights: str


@operator("embed", state=Pretrained)
@dataclass(frozen=True, init=False)
class Embed(RowsOperator[Pretrained]):
    """As many numbers a text as ``dimensions``: the mean of the vectors that WordLlama gives the text's tokens.

    Texts that mean the same lie near each other, also with no word in common. Nothing is learned from the rows: vectors
    and tokenizer come with the package wordllama (extra ``text``; 16 MB, from the token embeddings of a large language
    model), are read without network, and must be the same ones wherever the preparation is applied: the state holds
    their digest.
    dimensions : 64, 128 or 256, the first ones of each vector;  unit : each text's vector is scaled to length 1

    A missing text, an empty one, and one without a token, is all 0.
    Source: WordLlama (2024), the package wordllama, model l2_supercat.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Title": ["A dark night", "An evening without light", "Cooking for two"]})
    >>> points = fit([Embed("Title")], [films]).matrix(films)
    >>> (points @ points[0]).round(1).tolist()
    [1.0, 0.5, -0.1]
    """

    columns: tuple[str, ...]
    dimensions: int = 256
    unit: bool = True

    def __init__(self, column: str, dimensions: int = 256, *, unit: bool = True) -> None:
        if dimensions not in SIZES:
            raise BadInput(f"Embed: dimensions={dimensions} is not one of 64, 128 and 256; give one of these")
        self._set((column,), dimensions=dimensions, unit=unit)

    def output(self, schema: Schema, state: Pretrained | None = None) -> Schema:
        text(schema, self.columns[0], "Embed")
        return self.many(schema, self.columns, (self.dimensions,))

    def fit(self, summaries: Known) -> Pretrained:
        return Pretrained(word_llama().digest)

    def made(self, rows: Batch, state: Pretrained) -> dict[str, pl.Series | Block]:
        [name] = self.columns
        known = word_llama()
        if known.digest != state.weights:
            raise Conflict(
                f"Embed: it was fitted with vectors {state.weights[:12]}, here are {known.digest[:12]}; install the "
                "version of wordllama that it was fitted with, or fit again"
            )
        texts = rows.frame.get_column(name).cast(pl.String)
        tokens = known.tokens(texts.fill_null("").to_list())
        # scipy adds along a row's tokens in their order, whatever rows are beside it
        found = counted(tokens, known.places).csr()
        points = np.asarray(found @ shortened(self.dimensions))
        divisors = lengths(points) if self.unit else np.array([len(row) for row in tokens], dtype=np.float64)
        points = (points / np.where(divisors > 0, divisors, 1)[:, None]).astype(np.float32)
        return {name: pl.Series(name, points, dtype=pl.Array(pl.Float32, self.dimensions))}

    def explain(self, state: Pretrained) -> str:
        end = "scaled to length 1" if self.unit else "as it is"
        known = f"nothing was learned (vectors {state.weights[:12]} of wordllama)"
        return f"{self.columns[0]}: the mean of the {self.dimensions}-dimensional vectors of its tokens, {end}; {known}"


def lengths(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The Euclidean length of each row, its squares added one after another, shape (rows,)."""
    rows, width = points.shape
    squares = np.square(points.astype(np.float64)).ravel()
    return np.sqrt(np.bincount(np.repeat(np.arange(rows), width), weights=squares, minlength=rows))
