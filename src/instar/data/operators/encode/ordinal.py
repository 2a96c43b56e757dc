"""One number for each category."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Schema
from instar.data.operators.encode.one_hot import Vocabularies
from instar.data.operators.encode.unknown import unseen
from instar.data.operators.encode.vocabulary import Term, Vocabulary
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.types import category, retyped
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Frequencies, Of

Order = Literal["sorted", "frequency"]
Unseen = Literal["missing", "own", "error"]


@operator("ordinal", state=Vocabularies)
@dataclass(frozen=True, init=False)
class Ordinal(RowsOperator[Vocabularies]):
    """The place of the row's category in an order, from 0: int64.

    order : "sorted": by value; "frequency": the commonest in training first (ties by value); or the categories
    themselves, such as ``["low", "middle", "high"]``, and then nothing is learned
    unknown : what a category without a place becomes: "missing"; "own": all such are the number after the last;
    "error": it is refused (BadInput when it is met)

    A missing value stays missing; where an estimator takes none, Impute before it, or after it.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"Size": ["S", "L", None, "XL"]})
    >>> sizes = Ordinal("Size", order=["S", "M", "L"], unknown="own")
    >>> fit([sizes], [rows]).apply(rows).frame["Size"].to_list()
    [0, 2, None, 3]
    """

    columns: tuple[str, ...]
    order: Order | tuple[Term, ...] = "sorted"
    unknown: Unseen = "missing"

    def __init__(self, *columns: str, order: Order | Sequence[Term] = "sorted", unknown: Unseen = "missing") -> None:
        if isinstance(order, str) and order not in get_args(Order):
            raise BadInput(f"Ordinal: unknown order {order!r}; use sorted, frequency or the categories as a list")
        if unknown not in get_args(Unseen):
            raise BadInput(f"Ordinal: unknown={unknown!r} is not known; use one of {', '.join(get_args(Unseen))}")
        if not isinstance(order, str):
            order = tuple(order)
            if not order or len(set(order)) < len(order) or len({type(term) for term in order}) > 1:
                raise BadInput("Ordinal: order=[…] names each category once, at least one, all of one type")
        self._set(columns, order=order, unknown=unknown)

    def output(self, schema: Schema, state: Vocabularies | None = None) -> Schema:
        found = [category(schema, name, "Ordinal") for name in self.columns]
        for field in found if not isinstance(self.order, str) else ():
            kind = {"string": str, "bool": bool}.get(field.type, int)
            if type(self.order[0]) is not kind:
                hint = "give them in the column's type"
                raise WrongType(field.name, "Ordinal", field.type, f"a column that can hold {self.order[0]!r}", hint)
        return with_fields(schema, *(retyped(field, "int64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        if not isinstance(self.order, str):
            return {}
        return {("seen", name): Of(Frequencies, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Vocabularies:
        if not isinstance(self.order, str):
            return Vocabularies({name: Vocabulary(self.order) for name in self.columns})
        return Vocabularies({name: self._ordered(summaries["seen", name]) for name in self.columns})

    def _ordered(self, seen: object) -> Vocabulary:
        assert isinstance(seen, Frequencies)
        terms = tuple(value for value, _ in seen.top())
        return Vocabulary(terms if self.order == "frequency" else tuple(sorted(terms)), sum(seen.counts.values()))

    def made(self, rows: Batch, state: Vocabularies) -> dict[str, pl.Series | Block]:
        return {name: self._codes(rows.frame.get_column(name), state.columns[name]) for name in self.columns}

    def _codes(self, values: pl.Series, seen: Vocabulary) -> pl.Series:
        places = seen.places
        if self.unknown == "error":
            for value in values.to_list():
                if value is not None and value not in places:
                    raise unseen(value, "Ordinal", values.name)
        other = len(places) if self.unknown == "own" else None
        codes = [None if value is None else places.get(value, other) for value in values.to_list()]
        return pl.Series(values.name, codes, dtype=pl.Int64)

    def explain(self, state: Vocabularies) -> str:
        return "\n".join(f"{name}: {self._words(seen)}" for name, seen in state.columns.items())

    def _words(self, seen: Vocabulary) -> str:
        if not seen.terms:
            return "no category was seen, so none has a number"
        shown = ", ".join(f"{term} {place}" for place, term in enumerate(seen.terms[:5]))
        others = {"missing": "missing", "own": str(len(seen.terms)), "error": "refused"}[self.unknown]
        more = ", …" if len(seen.terms) > 5 else ""
        source = f" learned from {seen.rows} values" if isinstance(self.order, str) else " as given"
        return f"{len(seen.terms)} categories{source}: {shown}{more}; any other is {others}"
