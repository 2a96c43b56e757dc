"""One place for each category, where a cell holds several."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.encode.unknown import Unknown, check_unknown, names, placed, words
from instar.data.operators.encode.vocabulary import Vocabulary
from instar.data.operators.operator import BlockOperator, Known, operator
from instar.data.operators.types import text
from instar.data.rows.block import Block, of_each_once
from instar.data.summaries import DocumentFrequency, Of
from instar.data.values.texts import parts, terms_of


@operator("multi_hot", state=Vocabulary)
@dataclass(frozen=True, init=False)
class MultiHot(BlockOperator[Vocabulary]):
    """A block: 1 at the place of each category that the cell names, else 0.

    The cell is text, cut at ``separator`` (space around a category goes), or a list of text. A missing or empty cell
    has no category.
    limit : keep only so many categories, the commonest (ties by name)
    unknown : what becomes of a category not seen in training, or dropped by ``limit``: "ignore": it is passed over;
    "own": all such share one more place, the last, called ``(other)``; "error": it is refused (BadInput)

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Genre": ["Comedy, Drama", "Drama", ""]})
    >>> fit([MultiHot("Genre")], [films]).apply(films).blocks["Genre"].toarray().tolist()
    [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    """

    columns: tuple[str, ...]
    separator: str = ", "
    limit: int | None = None
    unknown: Unknown = "ignore"

    def __init__(
        self, column: str, separator: str = ", ", *, limit: int | None = None, unknown: Unknown = "ignore"
    ) -> None:
        check_unknown("MultiHot", unknown, limit)
        parts(separator)
        if limit is not None and limit < 1:
            raise BadInput(f"MultiHot: limit={limit} keeps no category; give a number from 1, or None for all")
        self._set((column,), separator=separator, limit=limit, unknown=unknown)

    def output(self, schema: Schema, state: Vocabulary | None = None) -> Schema:
        text(schema, self.columns[0], "MultiHot", lists=True)
        return self.block_fields(schema, state)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {} if "seen" in known else {"seen": Of(DocumentFrequency, *self.columns, separator=self.separator)}

    def fit(self, summaries: Known) -> Vocabulary:
        seen = summaries["seen"]
        assert isinstance(seen, DocumentFrequency)
        kept = seen.top(self.limit)
        return Vocabulary(tuple(sorted(term for term, _ in kept)), seen.documents, len(seen.counts) - len(kept))

    def block(self, values: pl.Series, state: Vocabulary) -> Block:
        """A category named twice counts once."""
        return of_each_once(values, lambda few: self._placed(few, state))

    def _placed(self, values: pl.Series, seen: Vocabulary) -> Block:
        rows = terms_of(values, parts(self.separator), "MultiHot")
        return placed(rows, seen, self.unknown, "MultiHot", values.name)

    def features(self, column: str, state: Vocabulary) -> tuple[str, ...]:
        return names(state, self.unknown)

    def explain(self, state: Vocabulary) -> str:
        return f"{self.columns[0]}: {words(state, self.unknown)}"
