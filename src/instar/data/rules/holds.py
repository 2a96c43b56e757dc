"""A relation between the columns of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.rows.frames import dtypes_of
from instar.data.rules.expressions import of_form, to_form
from instar.data.rules.rule import Row, RowRule, rule


@rule("holds")
@dataclass(frozen=True)
class Holds(RowRule):
    """An expression of Polars over one row is true. Where it is null, because something is missing, the rule is kept.

    It must look at one row at a time, and at columns by their names. To correct, name the column.

    >>> rule = Holds(pl.col("Year") == pl.col("Released").dt.year(), name="the year of the release")
    >>> rule.reads(), rule.says()
    (('Year', 'Released'), '[(col("Year")) == (col("Released").dt.year())]')
    """

    expression: pl.Expr | str

    def __post_init__(self) -> None:
        if isinstance(self.expression, pl.Expr):
            object.__setattr__(self, "expression", to_form(self.expression, "Holds"))
        if not self.reads():
            raise BadInput("Holds: the expression names no column; name the columns it looks at")

    @cached_property
    def truth(self) -> pl.Expr:
        return of_form(str(self.expression))

    def says(self) -> str:
        return str(self.truth)

    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.truth.meta.root_names()))

    def corrected_column(self) -> str:
        return ""

    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        for column in self.reads():
            schema.need(column, f"Holds ({self.label})")
        try:
            found = pl.DataFrame(schema=dtypes_of(schema)).select(self.truth.alias("truth"))
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise BadInput(f"Holds ({self.label}): {str(error).splitlines()[0]}; correct the expression") from None
        if found.schema["truth"] != pl.Boolean:
            raise BadInput(
                f"Holds ({self.label}): it gives {found.schema['truth']}, not true or false; compare with =="
            )

    def broken(self) -> pl.Expr:
        return ~self.truth

    def words(self, row: Row) -> str:
        values = ", ".join(f"{name} is {_shown(value)}" for name, value in row.items())
        return f"{self.label} does not hold: {values}"


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else "missing" if value is None else str(value)
