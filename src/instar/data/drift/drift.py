"""How far a table has drifted from another: schema, rows, missing values, and the distribution of each column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import polars as pl

from instar.base.schema import Field, Schema
from instar.data.charts.chart import label
from instar.data.charts.shown import Shown
from instar.data.datasets.chunks import Chunk
from instar.data.datasets.passes import Passes, Progress
from instar.data.drift.drifted import Bin, ColumnDrift, DriftFigures
from instar.data.drift.measures import jensen_shannon, kolmogorov_smirnov, population_stability, stability_by_chance
from instar.data.profile.bins import counted, equal_depth
from instar.data.rows.frames import schema_of
from instar.data.summaries import Counts, Extremes, FrequentItems, Of, QuantileGrid, Summary

if TYPE_CHECKING:
    from rich.console import RenderableType

    from instar.store import Store

Wants = Mapping[tuple[str, str], Of]
Found = Mapping[tuple[str, str], Summary]
BINS = 10
TOP = 20  # values of a column of categories that are compared one by one; the others are one more
OTHER = "(other)"


class Version(Protocol):
    """A table in chunks in a store: a DatasetVersion is one."""

    @property
    def schema(self) -> Schema: ...

    @property
    def rows(self) -> int: ...

    @property
    def chunks(self) -> list[Chunk]: ...

    @property
    def store(self) -> Store: ...


class Drift(Shown, DriftFigures, frozen=True):
    """How a table differs from an earlier one. Printed by rich as tables; ``findings`` says what matters in words."""

    def to_html(self) -> str:
        from instar.data.drift.page import page_of

        return page_of(self)

    def _tables(self) -> Iterator[RenderableType]:
        from instar.data.drift.page import tables

        return tables(self)


def drift(
    before: Version | pl.DataFrame,
    after: Version | pl.DataFrame,
    progress: Progress | None = None,
) -> Drift:
    """Compare two tables: dataset versions or Polars frames. One pass over each; of versions it is remembered.

    Numbers are compared in the equal-depth bins of ``before`` (10, the end bins open), and by Kolmogorov-Smirnov;
    everything else that is not nested by its commonest values (the 20 of ``before``, and all others as one). A count in a
    bin is off by at most 1/512 of the rows. Missing values are told apart and are in no bin.
    progress : called with (chunks done, chunks in all), for each of the two

    >>> one, two = pl.DataFrame({"x": range(100)}), pl.DataFrame({"x": range(50, 150)})
    >>> found = drift(one, two)
    >>> found["x"].ks, found["x"].moved
    (0.5, 'moved strongly')
    """
    sides = (before, after)
    old, new = (schema_of(side) if isinstance(side, pl.DataFrame) else side.schema for side in sides)
    both = [name for name in old.names if name in new.names]
    alike = [name for name in both if _kind(old[name]) and _kind(old[name]) == _kind(new[name])]
    wants = {(name, key): of for name in alike for key, of in _wanted(old[name]).items()}
    one, two = (_taken(side, wants, progress) for side in sides)
    columns = [_column(old[name], one, two) for name in alike]
    return Drift(
        before=_name(before),
        after=_name(after),
        rows_before=_rows(before),
        rows_after=_rows(after),
        added=tuple(name for name in new.names if name not in old.names),
        removed=tuple(name for name in old.names if name not in new.names),
        retyped={name: (old[name].type, new[name].type) for name in both if old[name].type != new[name].type},
        columns=tuple(sorted(columns, key=lambda each: (-each.psi, each.name))),
    )


def _name(side: Version | pl.DataFrame) -> str:
    return "frame" if isinstance(side, pl.DataFrame) else str(side)


def _rows(side: Version | pl.DataFrame) -> int:
    return side.height if isinstance(side, pl.DataFrame) else side.rows


def _taken(side: Version | pl.DataFrame, wants: Wants, progress: Progress | None) -> Found:
    if isinstance(side, pl.DataFrame):
        return {key: of.of(side) for key, of in wants.items()}
    return Passes(side.store, side.chunks, progress).summarise(wants)


def _kind(field: Field) -> str:
    """How a column is compared; "" for one that is not."""
    if field.type in ("null", "binary") or "[" in field.type.removeprefix("datetime["):
        return ""
    return "number" if field.is_number and field.type != "bool" else "category"


def _wanted(field: Field) -> dict[str, Of]:
    wanted = {"counts": Of(Counts, field.name)}
    if _kind(field) == "number":
        return wanted | {"grid": Of(QuantileGrid, field.name), "ends": Of(Extremes, field.name)}
    return wanted | {"top": Of(FrequentItems, field.name)}


def _column(field: Field, before: Found, after: Found) -> ColumnDrift:
    name = field.name
    one, two = before.get((name, "grid")), after.get((name, "grid"))
    ks: float | None = None
    medians: tuple[float | None, float | None] = (None, None)
    if isinstance(one, QuantileGrid) and isinstance(two, QuantileGrid):
        bins = _by_depth(one, two, before[name, "ends"])
        ks, medians = kolmogorov_smirnov(one, two), (one.quantile(0.5), two.quantile(0.5))
    else:
        bins = _by_value(before[name, "top"], after[name, "top"])
    held, moved = [each.before for each in bins], [each.after for each in bins]
    return ColumnDrift(
        name=name,
        kind=_kind(field),
        psi=population_stability(held, moved),
        by_chance=stability_by_chance(held, moved),
        js=jensen_shannon(held, moved),
        ks=ks,
        missing_before=_missing(before[name, "counts"]),
        missing_after=_missing(after[name, "counts"]),
        median_before=medians[0],
        median_after=medians[1],
        bins=bins,
    )


def _by_depth(before: QuantileGrid, after: QuantileGrid, ends: Summary) -> tuple[Bin, ...]:
    assert isinstance(ends, Extremes)
    if not before.n or not after.n:
        return ()
    low, high = float(ends.low), float(ends.high)
    edges = equal_depth(before, low, high, BINS).edges
    names = [f"{label(a)} … {label(b)}" for a, b in pairwise(edges)]
    if len(edges) > 2:  # the other table may have values beyond the ends of this one
        names[0], names[-1] = f"up to {label(edges[1])}", f"above {label(edges[-2])}"
    if low == high:  # one value: has the other table greater or less ones?
        edges, names = (low, math.nextafter(low, -math.inf), low, low), ["less", label(low), "greater"]
    held = zip(names, counted(before, edges).counts, counted(after, edges).counts)
    return tuple(Bin(name, one, two) for name, one, two in held)


def _by_value(before: Summary, after: Summary) -> tuple[Bin, ...]:
    assert isinstance(before, FrequentItems)
    assert isinstance(after, FrequentItems)
    if not before.rows or not after.rows:
        return ()
    names = [value for value, _ in before.top(TOP)]
    return tuple(map(Bin, [*names, OTHER], _counts(before, names), _counts(after, names)))


def _counts(items: FrequentItems, names: Sequence[str]) -> tuple[float, ...]:
    counts = [float(items.counts.get(name, 0)) for name in names]
    return (*counts, max(items.rows - sum(counts), 0.0))


def _missing(counts: Summary) -> float:
    assert isinstance(counts, Counts)
    return counts.nulls / counts.rows if counts.rows else 0.0
