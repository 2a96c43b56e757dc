"""Latent semantic analysis: a text as a point in a space of few directions."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.operators.text.tf_idf import Weights, learned
from instar.data.operators.types import text
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import DocumentFrequency, Of, TermScatter
from instar.data.summaries.term_scatter import Directions
from instar.data.values.texts import WORD, terms_of, words
from instar.data.values.weighing import weighed

Floats = NDArray[np.float64]
OVERSAMPLE = 10  # directions beyond those asked for, so that the last ones asked for are found as well as the first
NOTHING = 1e-11  # a direction whose share of the greatest is below this is rounding


class Space(Weights, frozen=True, dict=True):
    """components : the loadings, little-endian float32, shape (terms, components) in row order

    explained : of each component, its share of the variance of the weighed terms
    """

    components: bytes = b""
    explained: tuple[float, ...] = ()

    @cached_property
    def matrix(self) -> Floats:
        """Shape (terms, components)."""
        flat = np.frombuffer(self.components, dtype="<f4").astype(np.float64)
        return flat.reshape(len(self.terms), len(self.explained))


@operator("lsa", state=Space)
@dataclass(frozen=True, init=False)
class Lsa(RowsOperator[Space]):
    """As many numbers a text as ``components``: its TF-IDF row on the first right singular vectors (truncated SVD).

    With X the rows as ``TfIdf(terms=terms)`` gives them, the fit adds up X^T (X Q) over the chunks, ``passes`` times,
    Q being components + 10 directions: seeded normal numbers at first, then what the pass before gave, made orthonormal.
    The last two sums give the components (block Krylov, by Nyström's formula); where all terms are no more than the
    directions, one pass is exact. So a chunk adds 8 x terms x (components + 10) bytes at most, and with 4 passes the
    components explain as much variance as scikit-learn's TruncatedSVD does. Each one's greatest loading is positive.

    A missing text, an empty one, and one without a known term, is all 0; so are components beyond the rank of X.
    The state takes 4 x terms x components bytes.
    Source: Deerwester et al. (1990), Indexing by latent semantic analysis; Musco & Musco (2015), Randomized block Krylov
    methods for stronger and faster approximate singular value decomposition.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Title": ["Dark Night", "Night Dark Dark", "Blood Moon"]})
    >>> fit([Lsa("Title", components=2)], [films]).apply(films).frame["Title"].dtype
    Array(Float32, shape=(2,))
    """

    columns: tuple[str, ...]
    components: int = 100
    terms: int | None = 10_000
    passes: int = 4
    seed: int = 0
    pattern: str = WORD

    def __init__(
        self,
        column: str,
        components: int = 100,
        *,
        terms: int | None = 10_000,
        passes: int = 4,
        seed: int = 0,
        pattern: str = WORD,
    ) -> None:
        words(pattern)
        for option, value in {"components": components, "terms": terms, "passes": passes}.items():
            if value is not None and value < 1:
                raise BadInput(f"Lsa: {option}={value} leaves nothing; give a number from 1")
        if seed < 0:
            raise BadInput(f"Lsa: seed={seed} is negative; give a whole number from 0")
        self._set((column,), components=components, terms=terms, passes=passes, seed=seed, pattern=pattern)

    def output(self, schema: Schema, state: Space | None = None) -> Schema:
        text(schema, self.columns[0], "Lsa")
        return self.many(schema, self.columns, (self.components,))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """The vocabulary, then one pass after another."""
        if "seen" not in known:
            return {"seen": Of(DocumentFrequency, *self.columns, pattern=self.pattern)}
        weights = self._weights(known)
        done = sum(key != "seen" for key in known)
        if done == self._rounds(len(weights.terms)):
            return {}
        directions = Directions.of(weights.terms, weights.idf, self._directions(known, done))
        return {done: Of(TermScatter, *self.columns, directions=directions, pattern=self.pattern)}

    def fit(self, summaries: Known) -> Space:
        weights = self._weights(summaries)
        fields = weights.terms, weights.rows, weights.dropped, weights.documents
        rounds = self._rounds(len(weights.terms))
        if not rounds:
            return Space(*fields, explained=(0.0,) * self.components)
        seen = range(max(rounds - 2, 0), rounds)
        images = np.hstack([_pass(summaries, done).dense() for done in seen])
        found, strengths = _components(np.hstack([self._directions(summaries, done) for done in seen]), images)
        missing = (0, max(self.components - strengths.size, 0))
        matrix = np.pad(found[:, : self.components], ((0, 0), missing))
        explained = _explained(_pass(summaries, 0), matrix, np.pad(strengths[: self.components], missing))
        return Space(*fields, matrix.astype("<f4").tobytes(), explained)

    def made(self, rows: Batch, state: Space) -> dict[str, pl.Series | Block]:
        [name] = self.columns
        block = weighed(terms_of(rows.frame.get_column(name), words(self.pattern), "Lsa"), state.places, state.idf)
        # scipy goes along a row's terms in their order, whatever rows are beside it
        points = np.asarray(block.csr() @ state.matrix, dtype=np.float32)
        return {name: pl.Series(name, points, dtype=pl.Array(pl.Float32, self.components))}

    def explain(self, state: Space) -> str:
        [name] = self.columns
        if not any(state.explained):
            return f"{name}: the texts seen do not differ in any term, so its {self.components} components say nothing"
        loads = np.abs(state.matrix[:, 0])
        strongest = ", ".join(str(state.terms[at]) for at in np.argsort(-loads, kind="stable")[:5])
        share = f"{sum(state.explained):.1%} of the variance of {len(state.terms)} terms in {state.rows} texts"
        return f"{name}: {self.components} components hold {share}; strongest in the first: {strongest}"

    def _weights(self, known: Known) -> Weights:
        return Weights(*learned(known["seen"], self.terms))

    def _rounds(self, terms: int) -> int:
        """How many passes: one is exact where the directions span all terms."""
        if not terms:
            return 0
        return 1 if terms <= self.components + OVERSAMPLE else self.passes

    def _directions(self, known: Known, done: int) -> Floats:
        """Those that the pass after ``done`` passes multiplies with, shape (terms, directions)."""
        terms = len(self._weights(known).terms)
        if terms <= self.components + OVERSAMPLE:
            return np.eye(terms)
        if done == 0:
            return np.random.default_rng(self.seed).standard_normal((terms, self.components + OVERSAMPLE))
        return _principal(_pass(known, done - 1).dense())[0]


def _pass(known: Known, number: int) -> TermScatter:
    found = known[number]
    assert isinstance(found, TermScatter)
    return found


def _components(directions: Floats, image: Floats) -> tuple[Floats, Floats]:
    """The first eigenvectors of A = X^T X, as columns, and their eigenvalues, the greatest first, given Q and A Q.

    By Nyström: A is near A Q (Q^T A Q)^-1 (A Q)^T.
    """
    core = directions.T @ image
    values, vectors = np.linalg.eigh((core + core.T) / 2)
    kept = values > values.max(initial=0.0) * NOTHING
    found, strengths = _principal(image @ (vectors[:, kept] / np.sqrt(values[kept])))
    return found * _signs(found), strengths


def _principal(matrix: Floats) -> tuple[Floats, Floats]:
    """The left singular vectors of a tall matrix, and the squares of its singular values, the greatest first.

    From its small Gram matrix, ten times as fast as LAPACK's QR or SVD: what is near 0 is left out, the rest is exact
    enough, since a next pass mends it.
    """
    squares, vectors = np.linalg.eigh(matrix.T @ matrix)
    kept = squares > squares.max(initial=0.0) * NOTHING
    strengths = squares[kept][::-1]
    return matrix @ (vectors[:, kept][:, ::-1] / np.sqrt(strengths)), strengths


def _signs(matrix: Floats) -> Floats:
    """-1 for a column whose greatest loading (of equal ones the first) is negative, else 1, shape (columns,)."""
    size = np.abs(matrix)
    first = np.argmax(size >= size.max(axis=0, initial=0.0) * (1 - 1e-6), axis=0)
    return np.where(matrix[first, np.arange(matrix.shape[1])] < 0, -1.0, 1.0)


def _explained(seen: TermScatter, matrix: Floats, strengths: Floats) -> tuple[float, ...]:
    """The variance along each component as a share of the variance of all terms."""
    texts = max(seen.texts, 1)
    mean = np.zeros(matrix.shape[0])
    mean[seen.places] = seen.sums / texts
    whole = seen.squares / texts - float(mean @ mean)
    if whole <= NOTHING:
        return (0.0,) * strengths.size
    along = strengths / texts - (mean @ matrix) ** 2
    return tuple(float(share) for share in np.clip(along / whole, 0.0, 1.0))
