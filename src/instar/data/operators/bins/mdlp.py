"""Bins that tell the target: cuts that pay for themselves in description length."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.bins.depth import equal_depth
from instar.data.operators.bins.description_length import cuts
from instar.data.operators.bins.edges import codes, few, labels
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import number, retyped
from instar.data.rows.folds import TARGET
from instar.data.summaries import Binned, Of, QuantileGrid

MOST_CELLS = 256  # as many bins as a uint8 tells apart
KEPT = 1024  # values that a chunk keeps


class Informed(msgspec.Struct, frozen=True):
    """edges : ascending;  rows : with a value and a target;  before, after : entropy of the target, in bits a row"""

    edges: tuple[float, ...]
    rows: int
    before: float
    after: float


class Informeds(msgspec.Struct, frozen=True):
    columns: dict[str, Informed]


@operator("mdlp", state=Informeds)
@dataclass(frozen=True, init=False)
class Mdlp(ExpressionOperator[Informeds]):
    """Cut columns of numbers where the target changes (supervised), into as many bins as the target supports.

    The values are split where the target's entropy falls most, then each half again, as long as the gain pays for the
    description of the cut: Gain > (log2(N - 1) + log2(3^k - 2) - k E + k1 E1 + k2 E2) / N, with N rows, k classes and the
    entropy E of what is split, and k1, E1, k2, E2 those of its halves.

    Two passes: a quantile grid of the column gives at most 256 cells of about equal depth, then the target is counted in
    each. Cuts are sought between cells: with at most 256 different values these are all there are (exact); with more, a
    cut is off by at most 1/256 of the rows in rank. The target (``target=`` of the fit) must be of classes: text, whole
    numbers or truth values. Rows whose target or value is missing are left out.

    A missing value stays missing. A column whose cuts do not pay has one bin, 0. Codes are uint8.
    Source: Fayyad & Irani (1993), Multi-interval discretization of continuous-valued attributes, IJCAI.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [1, 2, 3, 4, 7, 8, 9, 10], "ill": [False] * 4 + [True] * 4})
    >>> print(fit([Mdlp("x")], [rows], target="ill").explain())
    x: 2 bins that tell 1 of the target's 1 bits a row (8 rows): below 5.5, from 5.5
    """

    columns: tuple[str, ...]
    supervised: ClassVar[bool] = True

    def __init__(self, *columns: str) -> None:
        self._set(columns)

    def output(self, schema: Schema, state: Informeds | None = None) -> Schema:
        found = [number(schema, name, "Mdlp") for name in self.columns]
        return with_fields(schema, *(retyped(field, "uint8", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """The cells first, then the target in each."""
        wanted: dict[Hashable, Of] = {}
        for name in self.columns:
            grid = known.get(("grid", name))
            if grid is None:
                wanted["grid", name] = Of(QuantileGrid, name, m=KEPT)
            elif ("cells", name) not in known:
                assert isinstance(grid, QuantileGrid)
                wanted["cells", name] = Of(Binned, name, TARGET, edges=_candidates(grid))
        return wanted

    def fit(self, summaries: Known) -> Informeds:
        return Informeds({name: _informed(name, summaries["cells", name]) for name in self.columns})

    def expressions(self, state: Informeds, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {name: codes(col(name), found.edges) for name, found in state.columns.items()}

    def labels(self, state: Informeds, column: str) -> tuple[str, ...]:
        """The bins of ``column`` in words, by code."""
        return labels(state.columns[column].edges)

    def explain(self, state: Informeds) -> str:
        return "\n".join(_words(name, found) for name, found in state.columns.items())


def _candidates(grid: QuantileGrid) -> tuple[float, ...]:
    """Halfway between all values when they are few, else the quantiles."""
    return equal_depth(grid, MOST_CELLS).edges


def _informed(name: str, cells: object) -> Informed:
    assert isinstance(cells, Binned)
    if cells.table.kinds and cells.table.kinds[1] in ("float32", "float64"):
        raise BadInput(
            f"Mdlp: column {name!r} is cut by classes of the target, and the target is {cells.table.kinds[1]}; "
            "give a target of classes, such as Above(…), or use EqualDepth"
        )
    counts = [(int(cell), value, rows) for (cell, value), rows in cells.table.counts.items() if value is not None]
    classes = {value: place for place, value in enumerate(sorted({value for _, value, _ in counts}))}
    table = np.zeros((len(cells.edges) + 1, max(len(classes), 1)), dtype=np.int64)
    for cell, value, rows in counts:
        table[cell, classes[value]] += rows
    found = cuts(table)
    edges = tuple(cells.edges[place - 1] for place in found.places)
    return Informed(edges, int(table.sum()), found.before, found.after)


def _words(name: str, found: Informed) -> str:
    if not found.edges:
        why = "no value was seen with a target" if not found.rows else "no cut tells enough of the target"
        return f"{name}: 1 bin, since {why} ({found.rows} rows)"
    told = f"that tell {found.before - found.after:.3g} of the target's {found.before:.3g} bits a row"
    return f"{name}: {len(found.edges) + 1} bins {told} ({found.rows} rows): {few(labels(found.edges))}"
