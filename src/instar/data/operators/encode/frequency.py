"""How common a row's category is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import msgspec
import polars as pl

from instar.base.schema import Schema
from instar.data.operators.encode.vocabulary import Term
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.types import category, retyped
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Frequencies, Of


class Commonness(msgspec.Struct, frozen=True, dict=True):
    """terms : the commonest first;  counts : rows of each in training"""

    terms: tuple[Term, ...]
    counts: tuple[int, ...]

    @cached_property
    def rows(self) -> int:
        return sum(self.counts)

    @cached_property
    def shares(self) -> dict[Term, float]:
        return {term: count / self.rows for term, count in zip(self.terms, self.counts)}


class Commonnesses(msgspec.Struct, frozen=True):
    columns: dict[str, Commonness]


@operator("frequency", state=Commonnesses)
@dataclass(frozen=True, init=False)
class Frequency(RowsOperator[Commonnesses]):
    """The share of the training rows that have the row's category, of those that have one: float64, from 0 to 1.

    A category not seen in training has the share 0. A missing value stays missing. Two categories that are equally
    common can no more be told apart.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"Rated": ["R", "PG", "R", "R", None]})
    >>> fit([Frequency("Rated")], [rows]).apply(rows).frame["Rated"].to_list()
    [0.75, 0.25, 0.75, 0.75, None]
    """

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        self._set(columns)

    def output(self, schema: Schema, state: Commonnesses | None = None) -> Schema:
        found = [category(schema, name, "Frequency") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("seen", name): Of(Frequencies, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Commonnesses:
        return Commonnesses({name: _commonness(summaries["seen", name]) for name in self.columns})

    def made(self, rows: Batch, state: Commonnesses) -> dict[str, pl.Series | Block]:
        return {name: _shares(rows.frame.get_column(name), state.columns[name].shares) for name in self.columns}

    def explain(self, state: Commonnesses) -> str:
        return "\n".join(f"{name}: {_words(seen)}" for name, seen in state.columns.items())


def _commonness(seen: object) -> Commonness:
    assert isinstance(seen, Frequencies)
    top = seen.top()
    return Commonness(tuple(term for term, _ in top), tuple(count for _, count in top))


def _shares(values: pl.Series, shares: dict[Term, float]) -> pl.Series:
    found = [None if value is None else shares.get(value, 0.0) for value in values.to_list()]
    return pl.Series(values.name, found, dtype=pl.Float64)


def _words(seen: Commonness) -> str:
    if not seen.terms:
        return "no category was seen, so every one has the share 0"
    shown = ", ".join(f"{term} {seen.shares[term]:.3g}" for term in seen.terms[:3])
    more = ", …" if len(seen.terms) > 3 else ""
    return f"the share of its category among {seen.rows} values ({shown}{more}); one not seen has 0"
