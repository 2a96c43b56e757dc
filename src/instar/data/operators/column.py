"""A column as it is: the plainest target."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, Nothing, operator
from instar.data.operators.types import plain


@operator("column")
@dataclass(frozen=True, init=False)
class Column(ExpressionOperator[Nothing]):
    """Columns unchanged: a target, or features that need no preparation."""

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        self._set(columns)

    def output(self, schema: Schema, state: Nothing | None = None) -> Schema:
        for name in self.columns:
            plain(schema, name, "Column")
        return schema

    def fit(self, summaries: Known) -> Nothing:
        return Nothing()

    def expressions(self, state: Nothing, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {name: col(name) for name in self.columns}

    def explain(self, state: Nothing) -> str:
        return "\n".join(f"{name}: as it is" for name in self.columns)
