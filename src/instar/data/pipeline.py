"""Fitted operators as few calls as they allow: what one row pays for is calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.batch import Batch
from instar.data.block import Block
from instar.data.operators import AnyOperator, BlockOperator, ExpressionOperator
from instar.data.operators.operator import Col

Fitted = tuple[AnyOperator, msgspec.Struct]


@dataclass
class _Stage:
    """Expressions that go into one call, then the blocks that are made after it.

    touched : columns that its blocks read or write: a later expression on one of them starts the next stage
    """

    expressions: dict[str, pl.Expr] = field(default_factory=dict)
    blocks: list[tuple[BlockOperator[Any], msgspec.Struct]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


class Pipeline:
    """A sequence of fitted operators, compiled.

    Expressions of one stage are composed: an operator's input is the expression its predecessor gave, so a whole
    preparation of expressions is one call. A block is made after the expressions of its stage; expressions that follow
    it in the definition move before it where they share no column.
    """

    def __init__(self, fitted: Iterable[Fitted], inputs: Schema) -> None:
        self._floats = frozenset(field.name for field in inputs if field.type in ("float32", "float64"))
        self._stages = [_Stage()]
        for operator, state in fitted:
            self._add(operator, state)
        self._calls = [
            ([expression.alias(name) for name, expression in stage.expressions.items()], stage.blocks)
            for stage in self._stages
        ]

    def _add(self, operator: AnyOperator, state: msgspec.Struct) -> None:
        if isinstance(operator, BlockOperator):
            self._stages[-1].blocks.append((operator, state))
            self._stages[-1].touched.update(operator.columns)
            return
        if not isinstance(operator, ExpressionOperator):
            kinds = "ExpressionOperator or BlockOperator"
            raise BadInput(
                f"{operator}: {type(operator).__name__} must be an {kinds} to be applied; derive it from one"
            )
        if self._stages[-1].touched.intersection((*operator.columns, *operator.writes())):
            self._stages.append(_Stage())
        self._stages[-1].expressions |= operator.expressions(state, self._col())

    def _col(self) -> Col:
        """Input columns of the next expression: what this stage made of them, else the column, NaN as missing."""
        made, first = self._stages[-1].expressions, len(self._stages) == 1

        def col(name: str) -> pl.Expr:
            if name in made:
                return made[name]
            return pl.col(name).fill_nan(None) if first and name in self._floats else pl.col(name)

        return col

    def apply(self, frame: pl.DataFrame) -> Batch:
        """The operators' outputs in place of their inputs; other columns stay. ``frame`` itself is not changed.

        Raises BadInput when a value cannot be converted.
        """
        blocks: dict[str, Block] = {}
        for expressions, operators in self._calls:
            if expressions:
                frame = _evaluated(frame, expressions)
            for operator, state in operators:
                blocks |= {name: operator.block(frame.get_column(name), state) for name in operator.columns}
        return Batch(frame, blocks)


def _evaluated(frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> pl.DataFrame:
    """In sequence: waking Polars' threads costs more than a row, and chunks are what runs in parallel."""
    try:
        return frame.with_columns_seq(expressions)
    except PolarsError as error:
        raise BadInput(f"a value cannot be converted: {error}") from error
