"""Quantiles of the segment means of series: where letters of equal frequency are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from instar.data.summaries.quantile_grid import QuantileGrid
from instar.data.summaries.summary import column_of, summary
from instar.data.values.series import segment_means


@summary("series_quantiles")
@dataclass(frozen=True, eq=False)
class SeriesQuantiles(QuantileGrid):
    """The segment means of z-normalised series, kept as a quantile grid keeps numbers.

    The columns side by side are the series; with ``timed``, the last one holds the times. A series that is missing, has
    a missing point or is shorter than ``segments`` is left out.

    >>> rows = pl.DataFrame({"rain": [[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 5.0, 5.0]]})
    >>> SeriesQuantiles.of(rows, "rain", segments=2).values.tolist()
    [-1.0, 0.0, 0.0, 1.0]
    """

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, m: int = 512, segments: int = 8, timed: bool = False) -> Self:
        series = pl.DataFrame([column_of(frame, name, "series quantiles") for name in columns])
        means = segment_means(series, segments, timed, strict=False, step="series quantiles")
        there = means[~np.isnan(means).any(axis=1)].ravel()
        grid = QuantileGrid.of(pl.DataFrame({"mean": there}), "mean", m=m)
        return cls(grid.m, grid.rows, grid.values)
