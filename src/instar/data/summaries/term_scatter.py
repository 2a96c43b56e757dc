"""The scatter of weighed terms seen through a few directions: what latent semantic analysis adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.digests import digest_bytes
from instar.data.summaries.summary import Summary, column_of, same, summary
from instar.data.values.texts import WORD, terms_of, words
from instar.data.values.weighing import weighed

Floats = NDArray[np.float64]


class Directions(msgspec.Struct, frozen=True, dict=True):
    """The terms with their weights, and the directions in the space of terms that a pass multiplies with.

    An option of a wish must be compared, digested and sent to workers: ``digest`` alone stands for the megabytes.
    """

    digest: str

    @classmethod
    def of(cls, terms: Sequence[Any], idf: Floats, matrix: Floats) -> Self:
        """terms : one a place;  idf : their weights, shape (terms,);  matrix : shape (terms, directions)"""
        exact, weights = matrix.astype("<f8"), idf.astype("<f8")
        head = msgspec.json.encode([list(terms), list(exact.shape)])
        made = cls(digest_bytes(head + weights.tobytes() + exact.tobytes()))
        made.__dict__.update(_terms=tuple(terms), _idf=weights, _matrix=exact)
        return made

    @property
    def idf(self) -> Floats:
        found: Floats = self.__dict__["_idf"]
        return found

    @property
    def matrix(self) -> Floats:
        found: Floats = self.__dict__["_matrix"]
        return found

    @cached_property
    def places(self) -> dict[Any, int]:
        return {term: place for place, term in enumerate(self.__dict__["_terms"])}

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).of, (self.__dict__["_terms"], self.idf, self.matrix))


@summary("term_scatter")
@dataclass(frozen=True, eq=False)
class TermScatter(Summary):
    """With X the weighed terms (TF-IDF) of the texts and Q the directions: X^T (X Q), summed over the texts.

    texts : seen, missing ones left out;  squares : the sum of all values of X squared
    places : the terms that occur, ascending;  sums : of X, one a place;  products : X^T X Q, shape (places, directions)
    A part is as large as its vocabulary: 8 bytes x terms that occur in it x directions.

    >>> space = Directions.of(["dark", "night"], np.ones(2), np.eye(2))
    >>> films = pl.DataFrame({"Title": ["The Dark", "Night", None]})
    >>> TermScatter.of(films, "Title", directions=space).dense().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    guarantee = "counts exact; sums and products within 1e-12, relative to the greatest value, in any order"
    digest: str
    width: tuple[int, int]
    texts: int = 0
    squares: float = 0.0
    places: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    sums: Floats = field(default_factory=lambda: np.empty(0))
    products: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, directions: Directions, pattern: str = WORD) -> Self:
        [name] = columns
        series = column_of(frame, name, "term scatter")
        block = weighed(terms_of(series, words(pattern), "term scatter"), directions.places, directions.idf)
        seen = block.csr().astype(np.float64)
        terms, wide = directions.matrix.shape
        places = np.unique(block.places).astype(np.int64)
        inner = np.asarray(seen[:, places].T @ (seen @ directions.matrix)).reshape(places.size, wide)
        sums = np.bincount(block.places, weights=block.values, minlength=terms)[places].astype(np.float64)
        squares = float(np.square(block.values.astype(np.float64)).sum())
        texts = len(series) - series.null_count()
        return cls(directions.digest, (terms, wide), texts, squares, places, sums, inner)

    def dense(self) -> Floats:
        """X^T X Q, shape (terms, directions): 0 for a term that does not occur."""
        whole = np.zeros(self.width)
        whole[self.places] = self.products
        return whole

    def __or__(self, other: Self) -> Self:
        same((self.digest, self.width), (other.digest, other.width), "term scatter")
        places = np.union1d(self.places, other.places)
        sums, products = np.zeros(places.size), np.zeros((places.size, self.width[1]))
        for part in (self, other):
            at = np.searchsorted(places, part.places)
            sums[at] += part.sums
            products[at] += part.products
        texts, squares = self.texts + other.texts, self.squares + other.squares
        return type(self)(self.digest, self.width, texts, squares, places, sums, products)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TermScatter) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def _plain(self) -> Any:
        arrays = [self.places.astype("<i8"), self.sums.astype("<f8"), self.products.astype("<f8")]
        return [self.digest, self.width, self.texts, self.squares, *(array.tobytes() for array in arrays)]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        digest, (terms, wide), texts, squares, places, sums, products = plain
        at = np.frombuffer(places, dtype="<i8").astype(np.int64)
        inner = np.frombuffer(products, dtype="<f8").reshape(at.size, wide).astype(np.float64)
        return cls(digest, (terms, wide), texts, squares, at, np.frombuffer(sums, dtype="<f8").copy(), inner)
