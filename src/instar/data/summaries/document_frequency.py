"""In how many rows each term occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from instar.data.summaries.frequencies import added
from instar.data.summaries.summary import Summary, column_of, same, summary
from instar.data.values.texts import WORD, cut_of, terms_of


@summary("document_frequency")
@dataclass(frozen=True)
class DocumentFrequency(Summary):
    """How many texts there are, and in how many of them each term occurs. A missing text is none; an empty one is.

    Nothing is pruned here: a term that is rare in each part may be common in all. ``top`` prunes, after the merge.
    rule : how texts were cut into terms;  documents : texts seen;  counts : term -> texts with it

    >>> films = pl.DataFrame({"Genre": ["Comedy, Drama", "Drama", None]})
    >>> DocumentFrequency.of(films, "Genre", separator=", ").top(1)
    [('Drama', 2)]
    """

    guarantee = "exact"
    rule: str = WORD
    documents: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, pattern: str | None = None, separator: str | None = None) -> Self:
        [name] = columns
        series = column_of(frame, name, "document frequency")
        counts: Counter[str] = Counter()
        for terms in terms_of(series, cut_of(pattern, separator), "document frequency"):
            counts.update(set(terms))
        rule = f"separator {separator!r}" if separator is not None else pattern or WORD
        return cls(rule, len(series) - series.null_count(), dict(counts))

    def top(self, limit: int | None = None) -> list[tuple[str, int]]:
        """The terms of the most texts first, ties by term."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def __or__(self, other: Self) -> Self:
        same(self.rule, other.rule, "document frequency")
        return type(self)(self.rule, self.documents + other.documents, added(self.counts, other.counts))

    def _plain(self) -> Any:
        return [self.rule, self.documents, sorted(self.counts.items())]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        rule, documents, counts = plain
        return cls(rule, documents, dict(counts))
