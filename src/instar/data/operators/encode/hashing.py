"""Categories in a fixed number of places, without a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import BlockOperator, Known, Nothing, operator
from instar.data.operators.types import category, text
from instar.data.rows.block import Block, of_each_once
from instar.data.values.texts import parts, terms_of

_CACHED = 1 << 17
_MOST = 1 << 24


@operator("hashing")
@dataclass(frozen=True, init=False)
class Hashing(BlockOperator[Nothing]):
    """A block of ``buckets`` places for each column; the place of a category is a digest of it. Nothing is learned.

    ``place = h mod buckets``, ``sign = +1 or -1 by the digest's highest bit``, where h is the 64-bit BLAKE2b of the
    category, keyed with ``seed``; a row adds the signs of its categories. The same on every machine and in every version.
    buckets : with k categories, a given one shares its place with another with probability ``1 - (1 - 1/buckets)^(k-1)``
    separator : cut text at it, as MultiHot does; a column of lists of text needs it as well. None: a cell is one category
    signed : with signs, what categories of one place add cancels on average, so that inner products stay unbiased;
    without, every category counts 1

    An unseen category is nothing special here: it has a place as all have. A missing value has none: its row is all 0.
    What was hashed cannot be told from the place, so ``feature_names`` are numbers.
    Source: Weinberger et al. (2009), Feature hashing for large scale multitask learning, ICML.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"City": ["Rio", "Recife", None]})
    >>> fit([Hashing("City", buckets=4)], [rows]).apply(rows).blocks["City"].toarray().tolist()
    [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """

    columns: tuple[str, ...]
    buckets: int = 1024
    separator: str | None = None
    signed: bool = True
    seed: int = 0

    def __init__(
        self, *columns: str, buckets: int = 1024, separator: str | None = None, signed: bool = True, seed: int = 0
    ) -> None:
        if not 1 <= buckets <= _MOST:
            raise BadInput(
                f"Hashing: buckets={buckets} is not between 1 and {_MOST}; 1024 suits some hundred categories"
            )
        if separator is not None:
            parts(separator)
        self._set(columns, buckets=buckets, separator=separator, signed=signed, seed=seed)

    def output(self, schema: Schema, state: Nothing | None = None) -> Schema:
        for name in self.columns:
            if self.separator is None:
                category(schema, name, "Hashing")
            else:
                text(schema, name, "Hashing", lists=True)
        width = None if state is None else self.buckets
        return self.many(schema, self.columns, (width,) * len(self.columns))

    def fit(self, summaries: Known) -> Nothing:
        return Nothing()

    def block(self, values: pl.Series, state: Nothing) -> Block:
        return of_each_once(values, self._single if self.separator is None else self._several)

    def _single(self, values: pl.Series) -> Block:
        """A row has the place of its category, or none."""
        there = values.is_not_null().to_numpy()
        found = [self._place(value) for value in values.drop_nulls().to_list()]
        starts = np.concatenate([[0], np.cumsum(there, dtype=np.int64)])
        places, signs = zip(*found) if found else ((), ())
        return Block(self.buckets, starts, np.array(places, dtype=np.int32), np.array(signs, dtype=np.float32))

    def _several(self, values: pl.Series) -> Block:
        """A row has the places of all its categories; those that cancel are left out."""
        assert self.separator is not None
        lengths, places, entries = [0], list[int](), list[int]()
        for row in terms_of(values, parts(self.separator), "Hashing"):
            found: dict[int, int] = {}
            for term in row:
                place, sign = self._place(term)
                found[place] = found.get(place, 0) + sign
            kept = sorted(place for place, total in found.items() if total)
            lengths.append(len(kept))
            places += kept
            entries += [found[place] for place in kept]
        starts = np.cumsum(lengths, dtype=np.int64)
        return Block(self.buckets, starts, np.array(places, dtype=np.int32), np.array(entries, dtype=np.float32))

    def _place(self, term: str | int | bool) -> tuple[int, int]:
        word = _hashed(type(term).__name__, str(term), self.seed)
        return word % self.buckets, -1 if self.signed and word >> 63 else 1

    def features(self, column: str, state: Nothing) -> tuple[str, ...]:
        return tuple(map(str, range(self.buckets)))

    def explain(self, state: Nothing) -> str:
        signs = ", with signs" if self.signed else ""
        return "\n".join(f"{name}: hashed to {self.buckets} places{signs}; nothing is learned" for name in self.columns)


@lru_cache(_CACHED)
def _hashed(kind: str, term: str, seed: int) -> int:
    """64 bits. The kind keeps the number 1, the text "1" and truth apart."""
    data = f"{kind}\0{term}".encode()
    return int.from_bytes(blake2b(data, digest_size=8, key=str(seed).encode()).digest(), "little")
