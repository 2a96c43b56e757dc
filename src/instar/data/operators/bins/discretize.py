"""Bins of equal width."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import polars as pl

from instar.base.schema import Schema
from instar.data.operators.arithmetic import divided
from instar.data.operators.bins.edges import checked, kind_of, labels
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.scale.min_max import Ranges, ends_of, range_words
from instar.data.operators.types import number, retyped
from instar.data.summaries import Extremes, Of


@operator("discretize", state=Ranges)
@dataclass(frozen=True, init=False)
class Discretize(ExpressionOperator[Ranges]):
    """Cut columns of numbers into bins of equal width, numbered from 0.

    A value outside what was seen falls into the first or last bin; a missing one stays missing. A constant or empty
    column has one bin, 0. Codes are uint8 up to 256 bins, else uint16.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [0.0, 4.9, 5.0, 10.0, None]})
    >>> fit([Discretize("x", bins=2)], [rows]).apply(rows).frame["x"].to_list()
    [0, 0, 1, 1, None]
    """

    columns: tuple[str, ...]
    bins: int = 10

    def __init__(self, *columns: str, bins: int = 10) -> None:
        checked("Discretize", bins)
        self._set(columns, bins=bins)

    def output(self, schema: Schema, state: Ranges | None = None) -> Schema:
        found = [number(schema, name, "Discretize") for name in self.columns]
        return with_fields(schema, *(retyped(field, kind_of(self.bins), keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {("ends", name): Of(Extremes, name) for name in self.columns if ("ends", name) not in known}

    def fit(self, summaries: Known) -> Ranges:
        return Ranges({name: ends_of(summaries["ends", name], "Discretize", name) for name in self.columns})

    def expressions(self, state: Ranges, col: Col = pl.col) -> dict[str, pl.Expr]:
        code = pl.UInt8 if kind_of(self.bins) == "uint8" else pl.UInt16
        last = float(self.bins - 1)
        return {
            name: divided((col(name).cast(pl.Float64) - ends.start) * self.bins, ends.width, col(name))
            .floor()
            .clip(0.0, last)
            .cast(code)
            for name, ends in state.columns.items()
        }

    def labels(self, state: Ranges, column: str) -> tuple[str, ...]:
        """The bins of ``column`` in words, by code."""
        ends = state.columns[column]
        return labels([ends.start + ends.width * place / self.bins for place in range(1, self.bins)])

    def explain(self, state: Ranges) -> str:
        return "\n".join(
            f"{name}: {range_words(ends)} in {self.bins} bins, each {ends.width / self.bins:.6g} wide"
            for name, ends in state.columns.items()
        )
