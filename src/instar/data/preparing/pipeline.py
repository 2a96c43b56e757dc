"""Fitted operators as few calls as they allow: what one row pays for is calls."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators import AnyOperator, ExpressionOperator, RowsOperator
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.rows.folds import FOLD

Fitted = tuple[AnyOperator, msgspec.Struct]
_LOOK = 4  # columns of floats from which on a look for NaN costs less than treating NaN that is not there


@dataclass
class _Stage:
    """Expressions that go into one call, then the operators in Python that run after it.

    touched : columns that those read or write: a later expression on one of them starts the next stage
    """

    expressions: dict[str, pl.Expr] = field(default_factory=dict)
    python: list[tuple[RowsOperator[Any], msgspec.Struct]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


class Pipeline:
    """A sequence of fitted operators, compiled.

    Expressions of one stage are composed: an operator's input is the expression its predecessor gave, so a whole
    preparation of expressions is one call. An operator in Python runs after the expressions of its stage; expressions
    that follow it in the definition move before it where they share no column.

    nan : whether NaN can be among the rows, so that it is made missing first; rows without go another, shorter way
    """

    def __init__(self, fitted: Iterable[Fitted], inputs: Schema, nan: bool = True) -> None:
        fitted = list(fitted)
        self._floats = tuple(field.name for field in inputs if nan and field.type in ("float32", "float64"))
        self._without_nan = Pipeline(fitted, inputs, nan=False) if len(self._floats) >= _LOOK else None
        self._raw_floats = set(self._floats)
        self._gone: set[str] = set()
        self._stages = [_Stage()]
        for operator, state in fitted:
            self._add(operator, state)
        self._calls = [
            ([expression.alias(name) for name, expression in stage.expressions.items()], stage.python)
            for stage in self._stages
        ]

    def _add(self, operator: AnyOperator, state: msgspec.Struct) -> None:
        read, written = set(operator.columns), set(operator.writes())
        if isinstance(operator, RowsOperator):
            self._fill(read)
            self._stages[-1].python.append((operator, state))
            self._stages[-1].touched |= read | written
        elif isinstance(operator, ExpressionOperator):
            if self._stages[-1].touched & (read | written):
                self._stages.append(_Stage())
            self._stages[-1].expressions |= operator.expressions(state, self._col)
        else:
            raise BadInput(
                f"{operator}: {type(operator).__name__} must be an ExpressionOperator or a RowsOperator to be applied; "
                "derive it from one"
            )
        self._raw_floats -= written
        self._gone = (self._gone | set(operator.consumes())) - written

    def _col(self, name: str) -> pl.Expr:
        """An input column of the next expression: what this stage made of it, else the column, NaN as missing."""
        if name in self._stages[-1].expressions:
            return self._stages[-1].expressions[name]
        return pl.col(name).fill_nan(None) if name in self._raw_floats else pl.col(name)

    def _fill(self, columns: set[str]) -> None:
        """Raw columns of floats that an operator in Python reads get their nulls in the call before it."""
        for name in sorted(columns & self._raw_floats - self._stages[-1].touched):
            self._stages[-1].expressions.setdefault(name, self._col(name))
            self._raw_floats.discard(name)

    def apply(self, frame: pl.DataFrame, training: bool = False) -> Batch:
        """The operators' outputs in place of their inputs; other columns stay. ``frame`` itself is not changed.

        training : the rows are those that the operators were fitted on, and have the column FOLD where one has folds
        Raises BadInput when a value cannot be converted.
        """
        if self._without_nan and not _may_have_nan(frame, self._floats):
            return self._without_nan.apply(frame, training)
        blocks: dict[str, Block] = {}
        for expressions, operators in self._calls:
            if expressions:
                frame = _evaluated(frame, expressions)
            for operator, state in operators:
                if training and operator.folds:
                    made = operator.training(_read(frame, blocks, (*operator.columns, FOLD)), state)
                else:
                    made = operator.made(_read(frame, blocks, operator.columns), state)
                blocks |= {name: value for name, value in made.items() if isinstance(value, Block)}
                if series := [value.alias(name) for name, value in made.items() if isinstance(value, pl.Series)]:
                    blocks = {
                        name: block for name, block in blocks.items() if not isinstance(made.get(name), pl.Series)
                    }
                    frame = frame.with_columns_seq(*series)
        if self._gone:
            frame = frame.drop(self._gone, strict=False)
            blocks = {name: block for name, block in blocks.items() if name not in self._gone}
        return Batch(frame, blocks)


def _read(frame: pl.DataFrame, blocks: Mapping[str, Block], columns: Sequence[str]) -> Batch:
    """The columns that an operator reads, in its order."""
    found = {name: blocks[name] for name in columns if name in blocks}
    return Batch(frame.select_seq([name for name in columns if name not in found]), found)


def _may_have_nan(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Whether a number may be NaN: exactly for one row; for more by the sums of the columns, where infinity is a maybe."""
    if frame.height == 1:
        row = frame.row(0, named=True)
        return any(row[name] != row[name] for name in columns)
    return not all(total is None or math.isfinite(total) for total in frame.select_seq(pl.sum(*columns)).row(0))


def _evaluated(frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> pl.DataFrame:
    """In sequence: waking Polars' threads costs more than a row, and chunks are what runs in parallel."""
    try:
        return frame.with_columns_seq(expressions)
    except PolarsError as error:
        said = str(error).partition("\n")[0]  # the rest is advice about Polars expressions, which nobody here wrote
        next_step = "correct it, or let it be missing by strict=False of the operator that reads it"
        raise BadInput(f"a value cannot be converted: {said}; {next_step}") from error
