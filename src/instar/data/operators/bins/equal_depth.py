"""Bins that hold equally many values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.schema import Schema
from instar.data.operators.bins.depth import equal_depth, values_kept
from instar.data.operators.bins.edges import checked, codes, few, kind_of, labels
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import number, retyped
from instar.data.summaries import Of, QuantileGrid

MOST = 4096  # bins: each chunk keeps eight values a bin


class Depth(msgspec.Struct, frozen=True):
    """edges : ascending, one less than bins;  shares : of the values seen in each bin, about;  values : how many were seen

    kept : the most values that a chunk kept; an edge is off by at most 1/(2 kept) of all rows in rank
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    values: int
    kept: int


class Depths(msgspec.Struct, frozen=True):
    columns: dict[str, Depth]


@operator("equal_depth", state=Depths)
@dataclass(frozen=True, init=False)
class EqualDepth(ExpressionOperator[Depths]):
    """Cut columns of numbers into bins that hold equally many of the values seen, numbered from 0.

    The edges are the quantiles at 1/bins, 2/bins, …; a value at an edge is in the bin above it. They are read off a
    quantile grid with m = max(512, 8 bins) values a chunk, so an edge is off by at most 1/(2m) of all rows in rank (0.1 %),
    however many chunks there are; with chunks of at most m rows they are exact.

    Equal values are never parted. An edge that would fall among many equal ones moves to their nearer side, and one that
    is left over halves the deepest bin: there are exactly ``bins`` bins, none of them empty, unless fewer different
    values were seen (in the grid, for large chunks); then each has its own bin, and ``explain`` says so.

    A missing value stays missing; an infinite one falls into the first or last bin, as does one beyond what was seen. A
    constant or empty column has one bin, 0. Codes are uint8 up to 256 bins, else uint16.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [0.0, 0.0, 0.0, 1.0, 5.0, 70.0]})
    >>> fit([EqualDepth("x", bins=3)], [rows]).apply(rows).frame["x"].to_list()
    [0, 0, 0, 1, 2, 2]
    """

    columns: tuple[str, ...]
    bins: int = 64

    def __init__(self, *columns: str, bins: int = 64) -> None:
        checked("EqualDepth", bins, MOST)
        self._set(columns, bins=bins)

    def output(self, schema: Schema, state: Depths | None = None) -> Schema:
        found = [number(schema, name, "EqualDepth") for name in self.columns]
        return with_fields(schema, *(retyped(field, kind_of(self.bins), keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        kept = values_kept(self.bins)
        return {("seen", name): Of(QuantileGrid, name, m=kept) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Depths:
        return Depths({name: self._depth(summaries["seen", name]) for name in self.columns})

    def _depth(self, seen: object) -> Depth:
        assert isinstance(seen, QuantileGrid)
        found = equal_depth(seen, self.bins)
        return Depth(found.edges, found.shares, seen.n, seen.m)

    def expressions(self, state: Depths, col: Col = pl.col) -> dict[str, pl.Expr]:
        code = pl.UInt8 if kind_of(self.bins) == "uint8" else pl.UInt16
        return {name: codes(col(name), depth.edges).cast(code) for name, depth in state.columns.items()}

    def labels(self, state: Depths, column: str) -> tuple[str, ...]:
        """The bins of ``column`` in words, by code."""
        return labels(state.columns[column].edges)

    def explain(self, state: Depths) -> str:
        return "\n".join(self._words(name, depth) for name, depth in state.columns.items())

    def _words(self, name: str, depth: Depth) -> str:
        if not depth.values:
            return f"{name}: 1 bin, since no value was seen"
        bins = len(depth.edges) + 1
        fewer = f" (not {self.bins}: {bins} different values were seen)" if bins < self.bins else ""
        shares = f"{min(depth.shares):.3g} to {max(depth.shares):.3g} of the {depth.values} values seen in each"
        return f"{name}: {bins} bins{fewer}, {shares}: {few(labels(depth.edges))}"
