"""What falls into the bins of a column: how often each value of another, or its quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.data.summaries.contingency import Contingency
from instar.data.summaries.quantile_grid import QuantileGrid
from instar.data.summaries.summary import Summary, column_of, same, summary

Edges = tuple[float, ...]


@summary("binned")
@dataclass(frozen=True)
class Binned(Summary):
    """How often each value of a second column occurs in each bin of the first; rows where the first is missing are left out.

    edges : between the bins of the first column, ascending; a value at an edge is in the bin above it
    table : of (bin, value of the second column) -> rows

    >>> rows = pl.DataFrame({"x": [1.0, 2.0, 9.0], "class": ["a", "b", "b"]})
    >>> Binned.of(rows, "x", "class", edges=(2.0,)).table.counts
    {(0, 'a'): 1, (1, 'b'): 2}
    """

    guarantee = "exact"
    edges: Edges = ()
    table: Contingency = field(default_factory=Contingency)

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, edges: Edges = ()) -> Self:
        binned, other = columns
        rows = pl.DataFrame(
            [_bins(column_of(frame, binned, "binned"), edges), column_of(frame, other, "binned").alias("other")]
        )
        return cls(edges, Contingency.of(rows.filter(pl.col("bin").is_not_null()), "bin", "other"))

    def __or__(self, other: Self) -> Self:
        same(self.edges, other.edges, "binned")
        return type(self)(self.edges, self.table | other.table)

    def _plain(self) -> Any:
        return [list(self.edges), self.table._plain()]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        edges, table = plain
        return cls(tuple(edges), Contingency._of_plain(table))


@summary("strips")
@dataclass(frozen=True)
class Strips(Summary):
    """The quantile grid of a second column within each bin (strip) of the first; rows with a missing one are left out.

    edges : between the strips, ascending; a value at an edge is in the strip above it;  grids : strip -> quantile grid

    >>> rows = pl.DataFrame({"x": [1.0, 2.0, 9.0], "y": [5.0, 7.0, 8.0]})
    >>> found = Strips.of(rows, "x", "y", edges=(2.0,))
    >>> found.grids[0].quantile(0.5), found.grids[1].quantile(0.5)
    (5.0, 7.5)
    """

    guarantee = "in each strip a quantile is off by at most 1/(2m) of the strip's rows in rank; parts in their order"
    edges: Edges = ()
    m: int = 512
    grids: Mapping[int, QuantileGrid] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, edges: Edges = (), m: int = 512) -> Self:
        across, along = columns
        rows = pl.DataFrame(
            [_bins(column_of(frame, across, "strips"), edges), column_of(frame, along, "strips").alias("y")]
        )
        parts = rows.drop_nulls().partition_by("bin", as_dict=True, maintain_order=True)
        return cls(edges, m, {int(key[0]): QuantileGrid.of(part, "y", m=m) for key, part in sorted(parts.items())})

    def __or__(self, other: Self) -> Self:
        same((self.edges, self.m), (other.edges, other.m), "strips")
        grids = dict(self.grids)
        for strip, grid in other.grids.items():
            grids[strip] = grids[strip] | grid if strip in grids else grid
        return type(self)(self.edges, self.m, dict(sorted(grids.items())))

    def _plain(self) -> Any:
        return [list(self.edges), self.m, [[strip, grid._plain()] for strip, grid in self.grids.items()]]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        edges, m, grids = plain
        return cls(tuple(edges), m, {strip: QuantileGrid._of_plain(grid) for strip, grid in grids})


def _bins(series: pl.Series, edges: Edges) -> pl.Series:
    """The bin of each value; null where there is none."""
    values = series.cast(pl.Float64)
    found: NDArray[np.int64] = np.searchsorted(np.array(edges), values.fill_null(0.0).to_numpy(), side="right")
    return pl.Series("bin", found, dtype=pl.Int64).set(values.is_null(), None)
