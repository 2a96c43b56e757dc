"""One place for each category."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.encode.unknown import Unknown, check_unknown, names, placed, words
from instar.data.operators.encode.vocabulary import Vocabulary
from instar.data.operators.operator import BlockOperator, Known, operator
from instar.data.operators.types import category
from instar.data.rows.block import Block, of_each_once
from instar.data.summaries import Frequencies, Of


class Vocabularies(msgspec.Struct, frozen=True):
    columns: dict[str, Vocabulary]


@operator("one_hot", state=Vocabularies)
@dataclass(frozen=True, init=False)
class OneHot(BlockOperator[Vocabularies]):
    """A block for each column: 1 at the place of the row's category, else 0.

    limit : keep only so many categories, the commonest (ties by value)
    unknown : what becomes of a category not seen in training, or dropped by ``limit``: "ignore": its row is all 0; "own":
    all such share one more place, the last, called ``(other)``; "error": it is refused (BadInput when it is met)

    A missing value has no category: its row is all 0.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"Rated": ["R", "PG", None]})
    >>> fit([OneHot("Rated")], [rows]).apply(rows).blocks["Rated"].toarray().tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """

    columns: tuple[str, ...]
    limit: int | None = None
    unknown: Unknown = "ignore"

    def __init__(self, *columns: str, limit: int | None = None, unknown: Unknown = "ignore") -> None:
        check_unknown("OneHot", unknown, limit)
        if limit is not None and limit < 1:
            raise BadInput(f"OneHot: limit={limit} keeps no category; give a number from 1, or None for all")
        self._set(columns, limit=limit, unknown=unknown)

    def output(self, schema: Schema, state: Vocabularies | None = None) -> Schema:
        for name in self.columns:
            category(schema, name, "OneHot")
        return self.block_fields(schema, state)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("seen", name): Of(Frequencies, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Vocabularies:
        return Vocabularies({name: self._vocabulary(summaries["seen", name]) for name in self.columns})

    def _vocabulary(self, seen: object) -> Vocabulary:
        assert isinstance(seen, Frequencies)
        kept = seen.top(self.limit)
        terms = tuple(sorted(value for value, _ in kept))
        return Vocabulary(terms, sum(seen.counts.values()), len(seen.counts) - len(kept))

    def block(self, values: pl.Series, state: Vocabularies) -> Block:
        return of_each_once(values, lambda few: self._placed(few, state.columns[few.name]))

    def _placed(self, values: pl.Series, seen: Vocabulary) -> Block:
        return placed(((value,) for value in values.to_list()), seen, self.unknown, "OneHot", values.name)

    def features(self, column: str, state: Vocabularies) -> tuple[str, ...]:
        return names(state.columns[column], self.unknown)

    def explain(self, state: Vocabularies) -> str:
        return "\n".join(f"{name}: {words(seen, self.unknown)}" for name, seen in state.columns.items())
