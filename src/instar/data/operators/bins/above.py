"""Whether a number is above a threshold, given or learned."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import number, retyped
from instar.data.summaries import Of, QuantileGrid


class Threshold(msgspec.Struct, frozen=True):
    """value : in the unit of the column; None when no value was seen;  values : how many were seen, 0 when given"""

    value: float | None
    values: int = 0


@operator("above", state=Threshold)
@dataclass(frozen=True, init=False)
class Above(ExpressionOperator[Threshold]):
    """Whether a number is greater than a ``quantile`` of those seen in training, or than a given ``value``.

    Gives bool; a missing number gives a missing answer. The quantile's error in rank is that of QuantileGrid.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Meter": [10, 50, 90, None]})
    >>> fit([Above("Meter", quantile=0.5)], [films]).apply(films).frame["Meter"].to_list()
    [False, False, True, None]
    """

    columns: tuple[str, ...]
    quantile: float | None = None
    value: float | None = None

    def __init__(self, column: str, quantile: float | None = None, *, value: float | None = None) -> None:
        if (quantile is None) == (value is None):
            raise BadInput("Above: give a quantile (such as quantile=0.5) or a value, and not both")
        if quantile is not None and not 0 <= quantile <= 1:
            raise BadInput(f"Above: quantile={quantile} is not between 0 and 1; the median is 0.5")
        self._set((column,), quantile=quantile, value=value)

    def output(self, schema: Schema, state: Threshold | None = None) -> Schema:
        return with_fields(schema, retyped(number(schema, self.columns[0], "Above"), "bool", keep_unit=False))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        if self.quantile is None or "seen" in known:
            return {}
        return {"seen": Of(QuantileGrid, self.columns[0])}

    def fit(self, summaries: Known) -> Threshold:
        if self.quantile is None:
            return Threshold(self.value)
        seen = summaries["seen"]
        assert isinstance(seen, QuantileGrid)
        return Threshold(seen.quantile(self.quantile), seen.n)

    def expressions(self, state: Threshold, col: Col = pl.col) -> dict[str, pl.Expr]:
        """Without a threshold nothing is above it."""
        [name] = self.columns
        threshold = state.value if state.value is not None else float("inf")
        return {name: col(name).cast(pl.Float64) > threshold}

    def explain(self, state: Threshold) -> str:
        [name] = self.columns
        if state.value is None:
            return f"{name}: never above, since no value was seen"
        source = f" (the {self.quantile:g} quantile of {state.values} values)" if self.quantile is not None else ""
        return f"{name}: whether it is above {state.value:.6g}{source}"
