"""Questions that summaries of single columns cannot answer: asked of few columns, in one more pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from instar.base.rows import row_digests
from instar.data.profile.forms import TIMES

EXAMPLES = 3
MOST_ROWS = 20_000_000  # 8 bytes a value are held: beyond, nothing is said about repeated values
APART = 1  # years that a year and a date may differ without contradiction: a film is shown the year after
RELATED = 0.5  # share of rows that must agree: else year and date are about different things

Frames = Callable[[], Iterator[pl.DataFrame]]


@dataclass(frozen=True)
class RepeatedValues:
    """A nearly unique column. seen : values;  distinct : different ones, exactly;  repeated : that occur more than once"""

    column: str
    seen: int
    distinct: int
    repeated: int
    examples: tuple[tuple[Any, int], ...]


def repeated_values(frames: Frames, columns: Sequence[str]) -> list[RepeatedValues]:
    """Those of ``columns`` in which some value occurs more than once, with the first of these values."""
    digests: dict[str, list[np.ndarray[Any, np.dtype[np.uint64]]]] = {name: [] for name in columns}
    rows = 0
    for frame in frames() if columns else ():
        rows += frame.height
        if rows > MOST_ROWS:
            return []
        for name in columns:
            digests[name].append(_digests(frame[name]))
    found = []
    for name, parts in digests.items():
        words, counts = np.unique(np.concatenate(parts), return_counts=True)
        repeated = words[counts > 1]
        if repeated.size:
            examples = _examples(frames, name, repeated[:EXAMPLES])
            found.append(RepeatedValues(name, int(counts.sum()), words.size, repeated.size, examples))
    return found


def _digests(series: pl.Series) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return row_digests(series.drop_nulls().to_frame(), [series.name])


def _examples(frames: Frames, name: str, wanted: np.ndarray[Any, np.dtype[np.uint64]]) -> tuple[tuple[Any, int], ...]:
    counts: dict[Any, int] = {}
    for frame in frames():
        values = frame[name].drop_nulls()
        for value in values.filter(pl.Series(np.isin(_digests(values), wanted))).to_list():
            counts[value] = counts.get(value, 0) + 1
    return tuple(sorted(counts.items()))


@dataclass(frozen=True)
class YearGap:
    """How far a year lies from the year of a date. Mergeable: rows by gap (year minus the date's year) add.

    examples : the first rows that contradict, as (year, date)
    """

    year: str
    date: str
    gaps: Mapping[int, int] = field(default_factory=dict)
    examples: tuple[tuple[int, str], ...] = ()

    def __or__(self, other: YearGap) -> YearGap:
        gaps = dict(self.gaps)
        for gap, rows in other.gaps.items():
            gaps[gap] = gaps.get(gap, 0) + rows
        return YearGap(self.year, self.date, gaps, (self.examples + other.examples)[:EXAMPLES])

    @property
    def rows(self) -> int:
        """Rows that have both."""
        return sum(self.gaps.values())

    @property
    def contradictions(self) -> int:
        return sum(rows for gap, rows in self.gaps.items() if abs(gap) > APART)

    @property
    def related(self) -> bool:
        """Whether the two are about the same thing in most rows."""
        return self.rows > 0 and self.rows - self.contradictions >= RELATED * self.rows


def year_gaps(frames: Frames, years: Sequence[str], dates: Mapping[str, str | None]) -> list[YearGap]:
    """Each year column against each date column. dates : name -> format of a column of text, None for real dates"""
    pairs = {(year, date): YearGap(year, date) for year in years for date in dates}
    for frame in frames() if pairs else ():
        for (year, date), gap in pairs.items():
            pairs[year, date] = gap | _gap(frame, year, date, dates[date])
    return list(pairs.values())


def _gap(frame: pl.DataFrame, year: str, date: str, format: str | None) -> YearGap:
    moment = pl.col(date)
    if format:
        moment = (
            moment.str.to_datetime(format, strict=False)
            if format in TIMES
            else moment.str.to_date(format, strict=False)
        )
    both = frame.select(
        year=pl.col(year).cast(pl.Int64, strict=False),
        date=pl.col(date).cast(pl.String),
        gap=pl.col(year) - moment.dt.year(),
    ).drop_nulls()
    counts = both.group_by("gap").len().rows()
    apart = both.filter(pl.col("gap").abs() > APART).head(EXAMPLES)
    gaps = {int(gap): int(rows) for gap, rows in counts}
    return YearGap(year, date, gaps, tuple(apart.select("year", "date").iter_rows()))
