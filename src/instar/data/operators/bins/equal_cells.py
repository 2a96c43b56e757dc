"""Cells of two coordinates that hold equally many points."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.bins.depth import equal_depth, values_kept
from instar.data.operators.bins.edges import MOST_BINS, checked, kind_of
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields, without_fields
from instar.data.operators.scale.min_max import Ends, ends_of
from instar.data.operators.types import number
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Extremes, Of, QuantileGrid, Strips

MOST = 1024  # strips, and parts of a strip: each strip of each chunk keeps eight values a part


class Box(NamedTuple):
    """A cell: its code, its bounds in the units of the two columns, and its share of the points seen, about."""

    code: int
    left: float
    right: float
    low: float
    high: float
    share: float


class Strip(msgspec.Struct, frozen=True):
    """edges : of the second coordinate, ascending;  shares : of all points, in each cell, about"""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


class Plane(msgspec.Struct, frozen=True):
    """edges : between the strips;  strips : from the left;  ends : of the two coordinates;  points : how many were seen

    kept : the most values that a chunk keeps of the first coordinate, and of the second in each strip
    """

    edges: tuple[float, ...]
    strips: tuple[Strip, ...]
    ends: tuple[Ends, Ends]
    points: int
    kept: int


@operator("equal_cells", state=Plane)
@dataclass(frozen=True, init=False)
class EqualCells(RowsOperator[Plane]):
    """Two coordinates to the code of a cell, where the cells hold equally many points: for places spread unevenly.

    The plane is cut into ``strips`` of equal depth along the first column, then each strip into ``parts`` of equal depth
    along the second: many small cells where points are dense, few large ones where they are rare. The code is
    ``strip * parts + part``, both from 0, in a column ``into`` (uint8 up to 256 cells, else uint16). It takes the place of
    both coordinates, unless ``keep``.

    Two passes over quantile grids with m = max(512, 8 strips or parts) values a chunk: of the first coordinate, then of the
    second in each strip. Each edge is off by at most 1/(2m) in rank, so the share of points in a strip is within 1/m of
    1/strips, and that of a part in its strip within 1/m of 1/parts: a cell has between (1/strips - 1/m)(1/parts - 1/m)
    and (1/strips + 1/m)(1/parts + 1/m) of the points, ties apart. Of 8 x 8 cells each has 1.56 %, within 0.05 %. Chunks
    of at most m rows give exact cells. Equal values are never parted (see EqualDepth), so ties give fewer or uneven cells.

    A point with a missing coordinate has no cell (null). The outer cells are open: a point beyond what was seen, infinite
    ones too, falls into the nearest of them in the order of the cuts.

    >>> from instar.data.preparing.fitting import fit
    >>> places = pl.DataFrame({"x": [0.0, 1.0, 8.0, 9.0], "y": [5.0, 7.0, 1.0, 2.0]})
    >>> fit([EqualCells("x", "y", into="cell", strips=2, parts=2)], [places]).apply(places).frame["cell"].to_list()
    [0, 1, 2, 3]
    """

    columns: tuple[str, ...]
    into: str
    strips: int = 8
    parts: int = 8
    keep: bool = False

    def __init__(self, *columns: str, into: str, strips: int = 8, parts: int = 8, keep: bool = False) -> None:
        if len(columns) != 2:
            raise BadInput(f'EqualCells: it reads two coordinates, not {len(columns)}; write EqualCells("x", "y", …)')
        for option, count in (("strips", strips), ("parts", parts)):
            if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
                raise BadInput(f"EqualCells: {option}={count} is not between 1 and {MOST}")
        checked("EqualCells", strips * parts, MOST_BINS)
        if into in columns or not into:
            raise BadInput(f"EqualCells: into={into!r} is no new column; give the cells a name of their own")
        self._set(columns, into=into, strips=strips, parts=parts, keep=bool(keep))

    def writes(self) -> tuple[str, ...]:
        return (self.into,)

    def consumes(self) -> tuple[str, ...]:
        return () if self.keep else self.columns

    def output(self, schema: Schema, state: Plane | None = None) -> Schema:
        for name in self.columns:
            number(schema, name, "EqualCells")
        if self.into in schema:
            raise BadInput(f"EqualCells: the input has a column {self.into!r} already; give another name as into=")
        left = schema if self.keep else without_fields(schema, *self.columns)
        return with_fields(left, Field(self.into, kind_of(self.strips * self.parts), role="feature"))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """The first coordinate, then the second in the strips that follow from it."""
        across, along = self.columns
        kept = values_kept(max(self.strips, self.parts))
        if "across" not in known:
            return {
                "across": Of(QuantileGrid, across, m=kept),
                "left": Of(Extremes, across),
                "low": Of(Extremes, along),
            }
        if "strips" in known:
            return {}
        grid = known["across"]
        assert isinstance(grid, QuantileGrid)
        return {"strips": Of(Strips, across, along, edges=equal_depth(grid, self.strips).edges, m=kept)}

    def fit(self, summaries: Known) -> Plane:
        seen = summaries["strips"]
        assert isinstance(seen, Strips)
        points = sum(grid.n for grid in seen.grids.values())
        strips = []
        for place in range(len(seen.edges) + 1):
            grid = seen.grids.get(place, QuantileGrid(seen.m))
            found = equal_depth(grid, self.parts)
            strips.append(Strip(found.edges, tuple(share * grid.n / (points or 1) for share in found.shares)))
        ends = (
            ends_of(summaries["left"], "EqualCells", self.columns[0]),
            ends_of(summaries["low"], "EqualCells", self.columns[1]),
        )
        return Plane(seen.edges, tuple(strips), ends, points, seen.m)

    def made(self, rows: Batch, state: Plane) -> dict[str, pl.Series | Block]:
        across, along = (rows.frame.get_column(name).cast(pl.Float64) for name in self.columns)
        strip = np.searchsorted(np.array(state.edges), across.fill_null(0.0).to_numpy(), side="right")
        edges, parts = _table(state)
        part = parts[strip, np.searchsorted(edges, along.fill_null(0.0).to_numpy(), side="right")]
        code = pl.UInt8 if kind_of(self.strips * self.parts) == "uint8" else pl.UInt16
        cells = pl.Series(self.into, strip * self.parts + part).cast(code)
        return {self.into: cells.set(across.is_null() | along.is_null(), None)}

    def cells(self, state: Plane) -> list[Box]:
        """The cells with their bounds, for a map: the outer ones end where the points that were seen do."""
        across, along = state.ends
        lefts = [across.start, *state.edges]
        rights = [*state.edges, across.start if across.high is None else across.high]
        boxes = []
        for place, (strip, left, right) in enumerate(zip(state.strips, lefts, rights)):
            lows = [along.start, *strip.edges]
            highs = [*strip.edges, along.start if along.high is None else along.high]
            for part, (low, high, share) in enumerate(zip(lows, highs, strip.shares)):
                boxes.append(Box(place * self.parts + part, left, right, low, high, share))
        return boxes

    def explain(self, state: Plane) -> str:
        across, along = self.columns
        if not state.points:
            return f"{across}, {along}: one cell, since no point was seen"
        boxes = self.cells(state)
        shares = [box.share for box in boxes]
        return (
            f"{across}, {along}: {len(boxes)} cells, {len(state.strips)} strips of {across} by up to {self.parts} parts of "
            f"{along}, with {min(shares):.3g} to {max(shares):.3g} of the {state.points} points seen in each"
        )


def _table(state: Plane) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All edges of all strips in one order, and the part of a strip that begins at each: shape (strips, edges + 1)."""
    edges = np.unique([edge for strip in state.strips for edge in strip.edges])
    parts = np.zeros((len(state.strips), edges.size + 1), dtype=np.int64)
    for place, strip in enumerate(state.strips):
        parts[place, 1:] = np.searchsorted(np.array(strip.edges), edges, side="right")
    return edges, parts
