"""0 or 1, on either side of a threshold."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import finite, number, retyped
from instar.data.summaries import Moments, Of, QuantileGrid

Learned = Literal["mean", "median"]


class Thresholds(msgspec.Struct, frozen=True):
    """columns : the threshold of each, in its unit; None when it was to be learned and no value was seen"""

    columns: dict[str, float | None]


@operator("binarise", state=Thresholds)
@dataclass(frozen=True, init=False)
class Binarise(ExpressionOperator[Thresholds]):
    """1 where a number is above the threshold, else 0; a missing value stays missing. Codes are uint8.

    threshold : a number in the unit of the columns, or "mean" or "median" of each column. (``Above`` is the same for a
    target: one column, truth values, any quantile.)

    The median is off by at most 0.1 % of all rows in rank. In a column without any value nothing is above.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"rain": [0.0, 0.0, 12.5, None]})
    >>> fit([Binarise("rain")], [rows]).apply(rows).frame["rain"].to_list()
    [0, 0, 1, None]
    """

    columns: tuple[str, ...]
    threshold: float | Learned = 0.0

    def __init__(self, *columns: str, threshold: float | Learned = 0.0) -> None:
        known = threshold in ("mean", "median") if isinstance(threshold, str) else isinstance(threshold, int | float)
        if not known or isinstance(threshold, bool):
            raise BadInput(f'Binarise: threshold={threshold!r} is neither a number nor "mean" nor "median"')
        self._set(columns, threshold=threshold if isinstance(threshold, str) else float(threshold))

    def output(self, schema: Schema, state: Thresholds | None = None) -> Schema:
        found = [number(schema, name, "Binarise") for name in self.columns]
        return with_fields(schema, *(retyped(field, "uint8", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        if not isinstance(self.threshold, str):
            return {}
        summary = Moments if self.threshold == "mean" else QuantileGrid
        return {("seen", name): Of(summary, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Thresholds:
        if not isinstance(self.threshold, str):
            return Thresholds({name: self.threshold for name in self.columns})
        return Thresholds({name: _learned(summaries["seen", name], name) for name in self.columns})

    def expressions(self, state: Thresholds, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {
            name: (col(name).cast(pl.Float64) > (float("inf") if threshold is None else threshold)).cast(pl.UInt8)
            for name, threshold in state.columns.items()
        }

    def explain(self, state: Thresholds) -> str:
        return "\n".join(self._words(name, threshold) for name, threshold in state.columns.items())

    def _words(self, name: str, threshold: float | None) -> str:
        if threshold is None:
            return f"{name}: always 0, since no value was seen"
        source = f"the {self.threshold}, " if isinstance(self.threshold, str) else ""
        return f"{name}: 1 above {source}{threshold:.6g}, else 0"


def _learned(seen: object, column: str) -> float | None:
    if isinstance(seen, Moments):
        return finite(seen.mean, "Binarise", column) if seen.n else None
    assert isinstance(seen, QuantileGrid)
    return seen.quantile(0.5)
