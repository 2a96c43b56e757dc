"""Expressions of Polars as text, so that a rule's definition can be kept and compared."""

from __future__ import annotations

import functools

import polars as pl

from instar.base.errors import BadInput
from instar.data.rows.rowwise import calls_python, need_row_by_row


def to_form(expression: pl.Expr, where: str) -> str:
    """The expression as JSON. Raises NotRowByRow, and BadInput for one that calls Python or names no column by name."""
    if calls_python(expression):
        raise BadInput(f"{where}: it calls a Python function, which may look at other rows; write it as an expression")
    need_row_by_row([expression], where)
    return expression.meta.serialize(format="json")


@functools.lru_cache(256)
def of_form(form: str) -> pl.Expr:
    """The expression again. Raises BadInput for a text that ``to_form`` did not give."""
    try:
        return pl.Expr.deserialize(form.encode(), format="json")
    except pl.exceptions.ComputeError:
        raise BadInput(
            f'{form!r} is no expression of Polars; write it in Python, such as pl.col("Year") > 1900'
        ) from None
