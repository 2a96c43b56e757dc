"""The columns that tell most about the target."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Known, operator
from instar.data.operators.reduce.selecting import SelectOperator, whole
from instar.data.operators.types import number
from instar.data.rows.folds import TARGET
from instar.data.summaries import Counts, Of, QuantileGrid
from instar.data.summaries.cells import Binned


class Information(msgspec.Struct, frozen=True):
    """bits : of each column about the target, rounded to 12 digits;  rows : with both"""

    kept: tuple[int, ...]
    bits: tuple[float, ...]
    rows: tuple[int, ...]


@operator("select_information", state=Information)
@dataclass(frozen=True, init=False)
class SelectInformation(SelectOperator[Information]):
    """The columns with the greatest mutual information with the target, as one array. It needs a target.

    Each column is cut into (at most) ``bins`` bins of equal depth, within 1/1024 in rank; then over the rows that have
    both, ``I = sum of p(bin, target) log2(p(bin, target) / (p(bin) p(target)))``, in bits: 0 for no relation, at most
    the entropy of the target. It is of the rows as they are: with few rows, and many bins, it comes out too great.

    top : keep the best so many (ties: the first named).  above : keep those with more bits.  With both, both must hold
    target_bins : cut a target of numbers, too, at its quantiles; without, each different value is a class. The count of
    each different target value in each bin is held, so a target of millions of different numbers is better rounded.
    A constant or empty column has 0 bits. A missing value stays missing.
    columns : of numbers;  into : the array's name
    Source: Cover & Thomas (2006), Elements of Information Theory, section 2.3.

    >>> from instar.data.preparing.fitting import fit
    >>> import polars as pl
    >>> films = pl.DataFrame({"Year": [1, 2, 3, 4], "Runtime": [5, 6, 5, 6], "Good": [False, False, True, True]})
    >>> print(fit([SelectInformation("Year", "Runtime", top=1)], [films], target="Good").explain())
    selected: 1 of 2 columns kept, by what they tell about the target
    Year: 1.0000 bits over 4 rows, kept
    Runtime: 0.0000 bits over 4 rows, left out
    """

    columns: tuple[str, ...]
    top: int | None = 10
    above: float = 0.0
    bins: int = 16
    target_bins: int | None = None
    into: str = "selected"
    supervised: ClassVar[bool] = True

    def __init__(
        self,
        *columns: str,
        top: int | None = 10,
        above: float = 0.0,
        bins: int = 16,
        target_bins: int | None = None,
        into: str = "selected",
    ) -> None:
        if not above >= 0:
            raise BadInput(f"SelectInformation: above={above}; information is never below 0 bits")
        for option, value in (("top", top), ("bins", bins), ("target_bins", target_bins)):
            if value is not None:
                whole("SelectInformation", option, value, least=1 if option == "top" else 2)
        self._set_into(columns, into, top=top, above=float(above), bins=bins, target_bins=target_bins)

    def inputs(self, schema: Schema) -> list[Field]:
        for name in self.columns:
            number(schema, name, "SelectInformation")
        return super().inputs(schema)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """The quantiles in one pass, the counts of what they cut in another."""
        wanted: dict[Hashable, Of] = {("grid", name): Of(QuantileGrid, name) for name in self.columns}
        wanted["target"] = Of(Counts if self.target_bins is None else QuantileGrid, TARGET)
        if all(key in known for key in wanted):
            for name in self.columns:
                wanted["table", name] = Of(Binned, name, TARGET, edges=_edges(known["grid", name], self.bins))
        return {key: of for key, of in wanted.items() if key not in known}

    def fit(self, summaries: Known) -> Information:
        cuts = None if self.target_bins is None else _edges(summaries["target"], self.target_bins)
        found = [_information(summaries["table", name], cuts) for name in self.columns]
        bits = tuple(each[0] for each in found)
        order = sorted(range(len(bits)), key=lambda place: (-bits[place], place))[: self.top]
        kept = tuple(sorted(place for place in order if bits[place] > self.above))
        return Information(kept, bits, tuple(each[1] for each in found))

    def kept(self, state: Information) -> tuple[int, ...]:
        return state.kept

    def width(self, state: Information) -> int:
        return len(state.bits)

    def explain(self, state: Information) -> str:
        lines = [
            f"{self.into}: {len(state.kept)} of {len(state.bits)} columns kept, by what they tell about the target"
        ]
        for place, name in enumerate(self.columns):
            kept = "kept" if place in state.kept else "left out"
            lines.append(f"{name}: {state.bits[place]:.4f} bits over {state.rows[place]} rows, {kept}")
        return "\n".join(lines)


def _edges(grid: object, bins: int) -> tuple[float, ...]:
    """Between bins of equal depth; equal ones are one, so there may be fewer bins."""
    assert isinstance(grid, QuantileGrid)
    found = (grid.quantile(place / bins) for place in range(1, bins))
    return tuple(sorted({each for each in found if each is not None}))


def _information(binned: object, cuts: tuple[float, ...] | None) -> tuple[float, int]:
    """In bits, and the rows that it is over: those that have a value and a target."""
    assert isinstance(binned, Binned)
    counts: dict[tuple[object, object], int] = {}
    for (bin, value), rows in binned.table.counts.items():
        if value is None:
            continue
        kind: object = value if cuts is None else int(np.searchsorted(cuts, float(value), side="right"))
        counts[bin, kind] = counts.get((bin, kind), 0) + rows
    total = sum(counts.values())
    of_bin: dict[object, int] = {}
    of_kind: dict[object, int] = {}
    for (bin, kind), rows in counts.items():
        of_bin[bin] = of_bin.get(bin, 0) + rows
        of_kind[kind] = of_kind.get(kind, 0) + rows
    # fsum does not depend on the order of the chunks
    bits = math.fsum(
        rows / total * math.log2(rows * total / (of_bin[bin] * of_kind[kind])) for (bin, kind), rows in counts.items()
    )
    return max(round(bits, 12), 0.0), total
