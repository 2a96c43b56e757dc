"""How far a value lies from the middle of its column: by the median deviation, and by the quartiles."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.arithmetic import divided
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator
from instar.data.operators.outliers.score import must_name, with_score
from instar.data.operators.types import finite, number
from instar.data.summaries import Of, QuantileGrid

NORMAL = 1.4826  # the standard deviation of a normal distribution in median absolute deviations


class Span(msgspec.Struct, frozen=True):
    """low, high : where the score is 0;  spread : what a distance is divided by;  values : how many were seen"""

    low: float
    high: float
    spread: float
    values: int


class Spans(msgspec.Struct, frozen=True):
    columns: dict[str, Span]


class Extreme(ExpressionOperator[Spans]):
    """The greatest over the columns of the distance from ``low`` to ``high``, in spreads."""

    into: str

    def writes(self) -> tuple[str, ...]:
        return (self.into,)

    def output(self, schema: Schema, state: Spans | None = None) -> Schema:
        for name in self.columns:
            number(schema, name, type(self).__name__)
        return with_score(schema, self.into, type(self).__name__)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass."""
        return {("seen", name): Of(QuantileGrid, name) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Spans:
        """A constant or empty column gets the spread 1: distances in its own unit."""
        spans = {}
        for name in self.columns:
            grid = summaries["seen", name]
            assert isinstance(grid, QuantileGrid)
            spans[name] = self.span(name, grid) if grid.n else Span(0.0, 0.0, 1.0, 0)
        return Spans(spans)

    def span(self, name: str, grid: QuantileGrid) -> Span:
        raise TypeError(f"{type(self).__name__} has no span")

    def expressions(self, state: Spans, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {self.into: pl.max_horizontal([_distance(col(name), span) for name, span in state.columns.items()])}

    def explain(self, state: Spans) -> str:
        return "\n".join(self._words(name, span) for name, span in state.columns.items())

    def _words(self, name: str, span: Span) -> str:
        if not span.values:
            return f"{name}: no value was seen, so {self.into} counts its distance from 0"
        inside = f"{span.low:.6g}" if span.low == span.high else f"{span.low:.6g} to {span.high:.6g}"
        return f"{name}: {self.into} counts the distance from {inside} in units of {span.spread:.6g}"


@operator("mad_score", state=Spans)
@dataclass(frozen=True, init=False)
class MadScore(Extreme):
    """Add ``into``: the greatest |x - median| / (1.4826 · MAD) over the columns; above 3.5 is usually called an outlier.

    MAD is the median of |x - median|, read off a quantile grid (exact for up to 512 values a chunk). Where it is 0, as
    when most values are equal, the mean of |x - median| times 1.2533 stands for 1.4826 MAD; in a constant or empty
    column it is 1. A missing value does not count; a row with none has no score.
    Source: Iglewicz & Hoaglin (1993), How to detect and handle outliers, ASQC.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Runtime": [90, 100, 110, 900]})
    >>> fit([MadScore("Runtime")], [films]).apply(films).frame["outlier"].round(2).to_list()
    [1.01, 0.34, 0.34, 53.62]
    """

    columns: tuple[str, ...]
    into: str = "outlier"

    def __init__(self, *columns: str, into: str = "outlier") -> None:
        self._set(columns, into=into)
        must_name(into, columns, "MadScore")

    def span(self, name: str, grid: QuantileGrid) -> Span:
        middle = grid.quantile(0.5)
        assert middle is not None
        apart = replace(grid, values=abs(grid.values - middle))
        spread = (apart.quantile(0.5) or 0.0) * NORMAL
        if not spread and grid.n:
            spread = float(apart.values.mean()) * 1.2533
        return Span(middle, middle, finite(spread, "MadScore", name) or 1.0, grid.n)


@operator("quantile_score", state=Spans)
@dataclass(frozen=True, init=False)
class QuantileScore(Extreme):
    """Add ``into``: how far the row lies outside two quantiles, in distances between them; the greatest over the columns.

    0 between the quantiles ``low`` and ``high`` of the column, else the distance to the nearer one, divided by their
    distance (1 in a constant or empty column, and where they coincide). With the quartiles, 1.5 is Tukey's fence and 3
    his outer one. A missing value does not count; a row with none has no score.
    Source: Tukey (1977), Exploratory data analysis, Addison-Wesley.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Runtime": [80, 90, 100, 110, 200]})
    >>> fit([QuantileScore("Runtime")], [films]).apply(films).frame["outlier"].to_list()
    [0.5, 0.0, 0.0, 0.0, 4.5]
    """

    columns: tuple[str, ...]
    low: float = 0.25
    high: float = 0.75
    into: str = "outlier"

    def __init__(self, *columns: str, low: float = 0.25, high: float = 0.75, into: str = "outlier") -> None:
        self._set(columns, low=low, high=high, into=into)
        must_name(into, columns, "QuantileScore")
        if not 0 <= low < high <= 1:
            raise BadInput(f"QuantileScore: low={low}, high={high}; give shares with 0 <= low < high <= 1")

    def span(self, name: str, grid: QuantileGrid) -> Span:
        low, high = grid.quantile(self.low), grid.quantile(self.high)
        assert low is not None
        assert high is not None
        return Span(low, high, finite(high - low, "QuantileScore", name) or 1.0, grid.n)


def _distance(column: pl.Expr, span: Span) -> pl.Expr:
    column = column.cast(pl.Float64)
    outside = pl.max_horizontal(span.low - column, column - span.high)
    # <=, since Polars takes 0 - x for -x, and of 0.0 and -0.0 the greatest is the one that comes first
    return divided(pl.when(outside <= 0).then(0.0).otherwise(outside), span.spread)
