"""Rows that lack a value are refused."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.missing.missing import Gaps, gaps, gaps_wanted
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.operators.types import plain
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of

Training = Literal["refuse", "count"]


class ValueMissing(BadInput):
    """A row lacks a value without which it is not to be answered."""

    def __init__(self, column: str, missing: int, rows: int) -> None:
        where = "the value" if rows == 1 else f"the value in {missing} of {rows} rows"
        super().__init__(
            f"Require: column {column!r} lacks {where}, and this model answers no row without it; "
            f"give {column!r}, or fill it with Impute in place of Require"
        )


@operator("require", state=Gaps)
@dataclass(frozen=True, init=False)
class Require(RowsOperator[Gaps]):
    """Refuse rows in which one of the columns is missing (null, or NaN); nothing is changed.

    A served row is answered with status 422 and the column's name, and the rows beside it are answered all the same.
    on_training : ``refuse`` (the default) refuses training rows likewise, so that the table must be made complete before;
    ``count`` lets the rows that a model is trained on pass to the operators behind it and says in ``explain`` how many
    they were: a model that learns from imputed values and answers complete rows only

    Raises ValueMissing, a BadInput, where rows are prepared. Fitting alone reads and counts.

    >>> from instar.data.preparing.fitting import fit
    >>> required = fit([Require("Year")], [pl.DataFrame({"Year": [1999, 2001]})])
    >>> required.apply(pl.DataFrame({"Year": [None]}, schema={"Year": pl.Int64}))
    Traceback (most recent call last):
    instar.data.operators.missing.require.ValueMissing: Require: column 'Year' lacks the value, and this model answers \
no row without it; give 'Year', or fill it with Impute in place of Require
    """

    folds = True
    columns: tuple[str, ...]
    on_training: Training = "refuse"

    def __init__(self, *columns: str, on_training: Training = "refuse") -> None:
        if on_training not in get_args(Training):
            raise BadInput(f"Require: unknown on_training={on_training!r}; use one of {', '.join(get_args(Training))}")
        self._set(columns, on_training=on_training)

    def writes(self) -> tuple[str, ...]:
        return ()

    def output(self, schema: Schema, state: Gaps | None = None) -> Schema:
        for name in self.columns:
            plain(schema, name, "Require")
        return schema

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass: how many are missing, which is only told."""
        return gaps_wanted(self.columns, known)

    def fit(self, summaries: Known) -> Gaps:
        return gaps(self.columns, summaries)

    def made(self, rows: Batch, state: Gaps) -> dict[str, pl.Series | Block]:
        for name in self.columns:
            if missing := rows.frame.get_column(name).null_count():
                raise ValueMissing(name, missing, rows.height)
        return {}

    def training(self, rows: Batch, state: Gaps) -> dict[str, pl.Series | Block]:
        return {} if self.on_training == "count" else self.made(rows, state)

    def explain(self, state: Gaps) -> str:
        passed = ", which were let pass" if self.on_training == "count" else ""
        return "\n".join(
            f"{name}: a row without it is refused ({seen.missing} of {seen.rows} training rows lacked it{passed})"
            for name, seen in state.columns.items()
        )
