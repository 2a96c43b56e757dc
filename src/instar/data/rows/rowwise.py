"""Whether expressions look at one row at a time.

A row-wise step runs inside whatever pass needs its rows, chunk by chunk. An expression that looks at other rows (a mean, a
rank, a window) would give other values for other chunks, and could carry a value from one side of a split to the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import polars as pl

from instar.base.errors import BadInput

_ANY_COLUMN = {"Column": "x"}


class NotRowByRow(BadInput):
    """An expression of a row-wise step looks at other rows."""

    def __init__(self, step: str, expression: pl.Expr, part: pl.Expr) -> None:
        super().__init__(
            f"{step}: {expression} looks at more than its own row ({part}); a row-wise step sees one chunk at a time. "
            "Compute it with group_by and join it, or fit an operator; a date needs its format= "
            '(str.to_date("%Y-%m-%d"))'
        )


def need_row_by_row(expressions: Iterable[pl.Expr], step: str) -> None:
    """Raises NotRowByRow naming the part that looks at other rows.

    >>> need_row_by_row([pl.col("x") + 1], "select")
    >>> need_row_by_row([pl.col("x") - pl.col("x").mean()], "select")
    Traceback (most recent call last):
    ...
    instar.data.rows.rowwise.NotRowByRow: select: [(col("x")) - (col("x").mean())] looks at more than its own row ...
    """
    for expression in expressions:
        stack = [_without_selectors(expression)]
        while stack:
            part = stack.pop()
            if not _is_row_by_row(part):
                raise NotRowByRow(step, expression, part)
            stack += part.meta.pop()


def calls_python(expression: pl.Expr) -> bool:
    """Whether a Python function runs in ``expression`` (``map_elements``, ``map_batches``): what it looks at is unknown.

    >>> calls_python(pl.col("x").map_batches(lambda values: values - values.mean())), calls_python(pl.col("x") + 1)
    (True, False)
    """
    try:
        return _has_function(json.loads(expression.meta.serialize(format="json")))
    except pl.exceptions.ComputeError:  # a Python function without a form of its own
        return True


def _has_function(tree: Any) -> bool:
    """Keys only: a column may be called Python."""
    if isinstance(tree, dict):
        return any("AnonymousFunction" in key or "Python" in key or _has_function(tree[key]) for key in tree)
    return isinstance(tree, list) and any(_has_function(item) for item in tree)


def _is_row_by_row(part: pl.Expr) -> bool:
    """Polars judges the outermost call only. A Python function is not judged here: its step is marked."""
    try:
        return part.meta.is_row_separable()
    except pl.exceptions.ColumnNotFoundError:  # raised for a Python function, whose type needs a schema
        return True


def _without_selectors(expression: pl.Expr) -> pl.Expr:
    """A selector (``pl.all()``, ``cs.numeric()``) stands for columns: one of them tells as much."""
    try:
        plain = expression.meta.serialize(format="json")
    except pl.exceptions.ComputeError:  # a Python function without a form of its own
        return expression
    if "Selector" not in plain:
        return expression
    return pl.Expr.deserialize(json.dumps(_replaced(json.loads(plain))).encode(), format="json")


def _replaced(tree: Any) -> Any:
    if isinstance(tree, dict):
        return _ANY_COLUMN if "Selector" in tree else {key: _replaced(value) for key, value in tree.items()}
    return [_replaced(value) for value in tree] if isinstance(tree, list) else tree
