"""Bins between edges that are given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.bins.edges import MOST_BINS, codes, few, kind_of, labels
from instar.data.operators.operator import Col, ExpressionOperator, Known, Nothing, operator, with_fields
from instar.data.operators.types import number, retyped


@operator("cut_at")
@dataclass(frozen=True, init=False)
class CutAt(ExpressionOperator[Nothing]):
    """Cut columns of numbers at given edges into bins numbered from 0, or called by ``labels``. It learns nothing.

    edges : ascending, in the unit of the column; n edges make n + 1 bins, and a value at an edge is in the bin above it
    labels : a word for each bin, from the lowest: the output is text then, else uint8 up to 256 bins, else uint16

    The outer bins are open: nothing falls outside, infinite values neither. A missing value stays missing.
    Raises BadInput for edges that are not numbers in ascending order, and for labels that are not one a bin.

    >>> from instar.data.preparing.fitting import fit
    >>> people = pl.DataFrame({"age": [17, 18, 70, None]})
    >>> old = CutAt("age", edges=(18, 65), labels=("minor", "adult", "old"))
    >>> fit([old], [people]).apply(people).frame["age"].to_list()
    ['minor', 'adult', 'old', None]
    """

    columns: tuple[str, ...]
    edges: tuple[float, ...]
    labels: tuple[str, ...] | None = None

    def __init__(self, *columns: str, edges: Sequence[float], labels: Sequence[str] | None = None) -> None:
        given = _checked(edges)
        words = None if labels is None else tuple(labels)
        if words is not None and len(words) != len(given) + 1:
            raise BadInput(
                f"CutAt: {len(given)} edges make {len(given) + 1} bins, and {len(words)} labels are given; give one a bin"
            )
        if words is not None and (len(set(words)) < len(words) or not all(isinstance(word, str) for word in words)):
            raise BadInput(f"CutAt: the labels {words!r} are not different words; call each bin by its own")
        self._set(columns, edges=given, labels=words)

    def output(self, schema: Schema, state: Nothing | None = None) -> Schema:
        found = [number(schema, name, "CutAt") for name in self.columns]
        kind = "string" if self.labels else kind_of(len(self.edges) + 1)
        return with_fields(schema, *(retyped(field, kind, keep_unit=False) for field in found))

    def fit(self, summaries: Known) -> Nothing:
        return Nothing()

    def expressions(self, state: Nothing, col: Col = pl.col) -> dict[str, pl.Expr]:
        found = {name: codes(col(name), self.edges) for name in self.columns}
        if self.labels is None:
            return found
        words = pl.lit(pl.Series(self.labels, dtype=pl.String))
        return {name: words.gather(code.cast(pl.UInt32)) for name, code in found.items()}

    def explain(self, state: Nothing) -> str:
        bins = labels(self.edges)
        words = bins if self.labels is None else [f"{word} ({bin})" for word, bin in zip(self.labels, bins)]
        return "\n".join(f"{name}: {len(bins)} bins by given edges: {few(words)}" for name in self.columns)


def _checked(edges: Sequence[float]) -> tuple[float, ...]:
    """As floats. Raises BadInput."""
    if not isinstance(edges, list | tuple) or not 1 <= len(edges) < MOST_BINS:
        raise BadInput(f"CutAt: edges={edges!r} is not a list of 1 to {MOST_BINS - 1} numbers, such as edges=(18, 65)")
    for edge in edges:
        if isinstance(edge, bool) or not isinstance(edge, int | float) or not math.isfinite(edge):
            raise BadInput(f"CutAt: the edge {edge!r} is no finite number; the outer bins are open without one")
    given = tuple(float(edge) for edge in edges)
    for low, high in pairwise(given):
        if low == high:
            raise BadInput(f"CutAt: the edge {low:g} is given twice, so a bin would be empty; give each edge once")
        if low > high:
            raise BadInput(f"CutAt: the edge {high:g} follows {low:g}; give the edges in ascending order")
    return given
