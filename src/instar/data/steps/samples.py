"""Samples by chance: of all rows, by strata, by weights, by time, by density."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.types import number
from instar.data.steps import options
from instar.data.steps.drawing import Draw, Greatest, check_draw, numbered, taken
from instar.data.steps.options import Names, some_names, whole
from instar.data.steps.step import Rows, Told, table_step

Kept = Iterator[tuple[pl.DataFrame, pl.DataFrame]]
_MOST_TOLD = 50  # strata that are told one by one


@table_step("sample")
@dataclass(frozen=True, init=False)
class Sample(Draw):
    """Rows by chance, each as likely as any other, in the order of the table.

    share : each row by itself with this chance (rows with u < share): one pass, and rows that come later change nothing
    rows : exactly so many (those with the greatest u; all, when there are fewer), as a reservoir gives them: two passes
    key, seed : from what u is made. With ``key`` all rows of one key are drawn together under ``share``.
    Memory: with ``rows``, 24 bytes a drawn row.  told : ``read``, ``kept``, ``share``

    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"ID": range(1000)})
    >>> take(Sample(share=0.1), films)["out"].height, take(Sample(rows=10), films)["out"].height
    (96, 10)
    """

    rows: int | None
    share: float | None
    key: tuple[str, ...]
    seed: int

    def __init__(self, rows: int | None = None, share: float | None = None, key: Names = (), seed: int = 0) -> None:
        rows, share = _size("Sample", rows, share)
        key, seed = check_draw("Sample", key, seed)
        self._keep(rows=rows, share=share, key=key, seed=seed)

    def drawn(self, rows: Rows, told: Told) -> Kept:
        if self.share is not None:
            for start, frame in numbered(rows):
                yield frame, frame.filter(pl.Series(self.numbers(frame, start) < self.share))
            return
        greatest = Greatest()
        for start, frame in numbered(rows):
            greatest.add(start, pl.Series(self.numbers(frame, start)), self.rows or 0)
        yield from taken(rows, greatest.places)


@table_step("stratified_sample")
@dataclass(frozen=True, init=False)
class StratifiedSample(Draw):
    """The same from each stratum (each combination of the values of ``by``; nulls are a value).

    share : of each stratum, rounded, but at least ``least`` rows, so that rare strata are kept;  rows : of each stratum
    Memory: a count a stratum, and the drawn rows' keys. The table is read twice, with ``share`` three times.
    told : ``read``, ``kept``, ``share``, ``strata``, ``whole`` (strata of which every row is kept), and ``by_stratum``
    [rows, kept] of the first 50 strata

    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"rare": [True] * 2 + [False] * 98})
    >>> take(StratifiedSample("rare", share=0.1, least=2), films)["out"]["rare"].value_counts(sort=True).rows()
    [(False, 10), (True, 2)]
    """

    by: tuple[str, ...]
    rows: int | None
    share: float | None
    least: int
    key: tuple[str, ...]
    seed: int

    def __init__(
        self,
        by: Names,
        rows: int | None = None,
        share: float | None = None,
        least: int = 1,
        key: Names = (),
        seed: int = 0,
    ) -> None:
        by = some_names(by, "StratifiedSample", "by")
        rows, share = _size("StratifiedSample", rows, share)
        key, seed = check_draw("StratifiedSample", key, seed)
        self._keep(
            by=by, rows=rows, share=share, least=whole(least, 0, "StratifiedSample", "least"), key=key, seed=seed
        )

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.by, "StratifiedSample")
        return super().output(schema)

    def drawn(self, rows: Rows, told: Told) -> Kept:
        counts = counted(rows, self.by)
        size = pl.col("rows")
        wanted = pl.lit(self.rows) if self.share is None else (size * self.share).round().clip(self.least, None)
        quotas = counts.with_columns(pl.min_horizontal(size, wanted.cast(pl.Int64)).alias("quota"))
        told |= {"strata": quotas.height, "whole": quotas.filter(size == pl.col("quota")).height}
        told["by_stratum"] = {
            ", ".join(f"{name}={row[name]}" for name in self.by): [row["rows"], row["quota"]]
            for row in quotas[:_MOST_TOLD].iter_rows(named=True)
        }
        greatest = Greatest(self.by)
        for start, frame in numbered(rows):
            scores = pl.Series(self.numbers(frame, start))
            greatest.add(start, scores, quotas.select(*self.by, "quota"), frame.select(self.by))
        yield from taken(rows, greatest.places)


@table_step("weighted_sample")
@dataclass(frozen=True, init=False)
class WeightedSample(Draw):
    """``rows`` rows without replacement, drawn one after another with chances proportional to the column ``weight``.

    A row whose weight is 0 or missing is never drawn. Raises BadInput for a negative, infinite or NaN weight.
    Memory: 24 bytes a drawn row; two passes.  told : ``read``, ``kept``, ``share``, ``without_weight`` (rows)

    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"votes": [0.0, 5.0, 1e6, None]})
    >>> take(WeightedSample("votes", rows=1), films)["out"]["votes"].to_list()
    [1000000.0]
    """

    weight: str
    rows: int
    key: tuple[str, ...]
    seed: int

    def __init__(self, weight: str, rows: int, key: Names = (), seed: int = 0) -> None:
        key, seed = check_draw("WeightedSample", key, seed)
        self._keep(weight=weight, rows=whole(rows, 0, "WeightedSample", "rows"), key=key, seed=seed)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        number(schema, self.weight, "WeightedSample")
        return super().output(schema)

    def drawn(self, rows: Rows, told: Told) -> Kept:
        told["without_weight"] = 0
        greatest = Greatest()
        for start, frame in numbered(rows):
            weights = frame[self.weight].cast(pl.Float64)
            values = weights.fill_null(0.0).to_numpy()
            if (wrong := np.flatnonzero(~(np.isfinite(values) & (values >= 0)))).size:
                raise BadInput(
                    f"WeightedSample: row {start + wrong[0]} (counted from 0) has the {self.weight} {values[wrong[0]]}; "
                    "a weight is a finite number of at least 0: filter such rows out, or correct them"
                )
            told["without_weight"] += int((values == 0).sum())
            with np.errstate(divide="ignore"):
                scores = np.log(values) + self.luck(frame, start)
            greatest.add(start, _some(scores, values > 0), self.rows)
        yield from taken(rows, greatest.places)


@table_step("decayed_sample")
@dataclass(frozen=True, init=False)
class DecayedSample(Draw):
    """``rows`` rows without replacement; the chance of a row halves with each ``half_life`` of age.

    The weight of a row is exp(lambda (t - t0)), lambda = log 2 / half_life. It does not ask how late it is now: a row
    keeps its score -log(-log u) + lambda t for ever, the sample is the rows with the greatest scores, and the samples of
    two tables merge into the sample of both. t0 changes no order, so it needs no name.
    time : dates or datetimes, with a half_life such as ``"30d"``; or numbers, with a number in their unit
    Rows without a time are never drawn. Memory: 24 bytes a drawn row; two passes.
    told : ``read``, ``kept``, ``share``, ``without_time`` (rows)
    Source: Cormode, Shkapenyuk, Srivastava & Xu (2009), Forward decay, ICDE; keys as in WeightedSample.

    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"Year": range(1900, 2000)})
    >>> take(DecayedSample("Year", rows=5, half_life=10), films)["out"]["Year"].to_list()
    [1982, 1987, 1989, 1991, 1992]
    """

    time: str
    rows: int
    half_life: str | float
    key: tuple[str, ...]
    seed: int

    def __init__(self, time: str, rows: int, half_life: str | float, key: Names = (), seed: int = 0) -> None:
        key, seed = check_draw("DecayedSample", key, seed)
        if isinstance(half_life, str):
            options.seconds(half_life, "DecayedSample", "half_life")
        elif options.number(half_life, "DecayedSample", "half_life") <= 0:
            raise BadInput(f"DecayedSample: half_life={half_life!r}; give a number above 0")
        rows = whole(rows, 0, "DecayedSample", "rows")
        self._keep(time=time, rows=rows, half_life=half_life, key=key, seed=seed)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        moment = options.is_moment(options.time(schema, self.time, "DecayedSample"))
        if moment != isinstance(self.half_life, str):
            wanted = 'a duration such as "30d"' if moment else "a number in its unit"
            raise BadInput(f"DecayedSample: {self.time!r} is {schema[self.time].type}; give half_life= as {wanted}")
        return super().output(schema)

    def drawn(self, rows: Rows, told: Told) -> Kept:
        told["without_time"] = 0
        greatest = Greatest()
        for start, frame in numbered(rows):
            time = frame[self.time]
            ages = time.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy() / self._half_life(time.dtype)
            told["without_time"] += int((~np.isfinite(ages)).sum())
            scores = ages * math.log(2.0) + self.luck(frame, start)
            greatest.add(start, _some(scores, np.isfinite(ages)), self.rows)
        yield from taken(rows, greatest.places)

    def _half_life(self, dtype: pl.DataType) -> float:
        """In the numbers that a column of this type holds: days, microseconds, or the numbers' own unit."""
        if not isinstance(self.half_life, str):
            return float(self.half_life)
        length = options.seconds(self.half_life, "DecayedSample", "half_life")
        return length / 86400 if dtype == pl.Date else length * 1e6


@table_step("density_sample")
@dataclass(frozen=True, init=False)
class DensitySample(Draw):
    """About ``rows`` rows, fewer from where there are many: a row of a cell with n rows is kept with the chance
    p = min(1, a / n^power), where a makes the expected number of rows ``rows``.

    by : the columns that make the cells;  widths : of the cells along columns of numbers, ``{"x": 0.5}`` (others: values)
    power : 0 is a sample of all rows, 1 gives each cell the same expected number, between them sparse ones are favoured
    weights : a column for 1/p, with which sums over the sample estimate sums over the table
    It looks at how many other rows there are and writes it down, so the leak check treats it like a grouping.
    Memory: a count a cell; two passes.  told : ``read``, ``kept``, ``share``, ``cells``, ``expected`` (rows)
    Source: Palmer & Faloutsos (2000), Density biased sampling, SIGMOD Record 29(2).

    >>> from instar.data.steps.step import take
    >>> cities = pl.DataFrame({"x": [0.0] * 990 + [5.0] * 10})
    >>> kept = take(DensitySample("x", rows=20, power=1.0, widths={"x": 1.0}), cities)["out"]
    >>> kept["x"].value_counts().sort("x").rows()
    [(0.0, 10), (5.0, 10)]
    """

    by: tuple[str, ...]
    rows: int
    power: float
    widths: tuple[tuple[str, float], ...]
    weights: str
    key: tuple[str, ...]
    seed: int
    across_rows = True

    def __init__(
        self,
        by: Names,
        rows: int,
        power: float = 0.5,
        widths: Mapping[str, float] | tuple[tuple[str, float], ...] = (),
        weights: str = "",
        key: Names = (),
        seed: int = 0,
    ) -> None:
        by = some_names(by, "DensitySample", "by")
        key, seed = check_draw("DensitySample", key, seed)
        pairs: Any = widths.items() if isinstance(widths, Mapping) else widths
        found = tuple(sorted((name, options.number(width, "DensitySample", "widths")) for name, width in pairs))
        for name, width in found:
            if name not in by or width <= 0:
                raise BadInput(
                    f"DensitySample: widths has {name!r}: {width}; give a column of by= and a number above 0"
                )
        rows, power = whole(rows, 0, "DensitySample", "rows"), options.number(power, "DensitySample", "power")
        self._keep(by=by, rows=rows, power=power, widths=found, weights=weights, key=key, seed=seed)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.by, "DensitySample")
        for name, _ in self.widths:
            number(schema, name, "DensitySample")
        added = [Field(self.weights, "float64")] if self.weights else []
        return {"out": options.new_columns(super().output(schema)["out"], added, "DensitySample")}

    def drawn(self, rows: Rows, told: Told) -> Kept:
        cells = counted(lambda: map(self._cells, rows()), self.by)
        sizes = cells["rows"].to_numpy()
        chances = _chances(sizes, float(self.rows), self.power)
        told |= {"cells": cells.height, "expected": math.fsum(chances * sizes)}
        known = cells.select(self.by).with_columns(pl.Series("__chance__", chances))
        for start, frame in numbered(rows):
            joined = self._cells(frame).join(known, on=self.by, how="left", nulls_equal=True, maintain_order="left")
            chance = joined["__chance__"]
            made = frame.with_columns((1 / chance).alias(self.weights)) if self.weights else frame
            yield frame, made.filter(pl.Series(self.numbers(frame, start) < chance.to_numpy()))

    def _cells(self, frame: pl.DataFrame) -> pl.DataFrame:
        cut = [(pl.col(name).cast(pl.Float64) / width).floor() for name, width in self.widths]
        return frame.select(self.by).with_columns(cut)


def counted(rows: Rows, by: tuple[str, ...]) -> pl.DataFrame:
    """The number of ``rows`` of each combination of values, in the order in which they are first seen."""
    found: pl.DataFrame | None = None
    for frame in rows():
        here = frame.group_by(by, maintain_order=True).agg(pl.len().cast(pl.Int64).alias("rows"))
        every = here if found is None else pl.concat([found, here])
        found = every.group_by(by, maintain_order=True).agg(pl.col("rows").sum())
    return pl.DataFrame(schema=[*by, "rows"]) if found is None else found


def _chances(sizes: Any, rows: float, power: float) -> Any:
    """For each cell min(1, a / n^power), with an expected number of ``rows`` in all (or every row, when there are fewer)."""
    raw = sizes.astype(np.float64) ** -power
    full = np.zeros(len(raw), dtype=bool)
    while not full.all():
        rest = math.fsum(raw[~full] * sizes[~full])
        factor = (rows - float(sizes[full].sum())) / rest
        more = ~full & (factor * raw > 1)
        if not more.any():
            return np.where(full, 1.0, np.maximum(factor, 0.0) * raw)
        full |= more
    return np.ones(len(raw))


def _size(step: str, rows: int | None, share: float | None) -> tuple[int | None, float | None]:
    """One of both. Raises BadInput."""
    if (rows is None) == (share is None):
        raise BadInput(f"{step}: give share=… (such as 0.1) or rows=… (how many), one of them")
    return (None if rows is None else whole(rows, 0, step, "rows")), (
        None if share is None else options.share(share, step)
    )


def _some(scores: Any, drawn: Any) -> pl.Series:
    """The scores of the rows that may be drawn, null for the others."""
    return pl.select(pl.when(pl.Series(drawn)).then(pl.Series(scores, dtype=pl.Float64))).to_series()
