"""Every summary keeps the laws; what each guarantees beyond them is in its own file."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from hypothesis import strategies as st
from tests.contracts.summaries import Cells, SummaryContract, values_of

from instar.data.profile.forms import TextForms
from instar.data.summaries import (
    SUMMARIES,
    Contingency,
    Counts,
    Distinct,
    DocumentFrequency,
    Extremes,
    Frequencies,
    FrequentItems,
    Infinities,
    Moments,
    Of,
    QuantileGrid,
    Sample,
    Scatter,
    Summary,
)

NUMBERS: Cells = {"x": (pl.Float64(), st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf")))}
WORDS: Cells = {"x": (pl.String(), st.text("abé ,", max_size=6))}


class TestCounts(SummaryContract):
    wish = Of(Counts, "x")
    cells = NUMBERS


class TestInfinities(SummaryContract):
    wish = Of(Infinities, "x")
    cells = NUMBERS


class TestMoments(SummaryContract):
    wish = Of(Moments, "x")
    cells = NUMBERS

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, Moments)
        assert isinstance(other, Moments)
        return close_moments(one, other, frame)


class TestMomentsFarFromZero(TestMoments):
    cells: ClassVar[Cells] = {"x": (pl.Float64(), st.floats(1e8, 1e8 + 1))}


class TestExtremes(SummaryContract):
    wish = Of(Extremes, "x")
    cells = NUMBERS


class TestExtremesOfDates(SummaryContract):
    wish = Of(Extremes, "x")
    cells: ClassVar[Cells] = {"x": (pl.Date(), st.dates(date(1800, 1, 1)))}


class TestExtremesOfTimes(SummaryContract):
    wish = Of(Extremes, "x")
    cells: ClassVar[Cells] = {"x": (pl.Datetime("us"), st.datetimes())}


class TestSample(SummaryContract):
    """With k = 3 nearly every part leaves rows out."""

    wish = Of(Sample, "x", "y", k=3, seed=7)
    cells: ClassVar[Cells] = {"x": (pl.Int64(), st.integers(0, 5)), "y": WORDS["x"]}


class TestSampleOfDates(SummaryContract):
    wish = Of(Sample, "x", k=3)
    cells: ClassVar[Cells] = {"x": (pl.Date(), st.dates(date(1800, 1, 1)))}


class TestScatter(SummaryContract):
    wish = Of(Scatter, "x", "y")
    cells: ClassVar[Cells] = {"x": NUMBERS["x"], "y": (pl.Int64(), st.integers(-9, 9))}

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, Scatter)
        assert isinstance(other, Scatter)
        scale = max([1.0, *(abs(value) for value in values_of(frame, "x") if np.isfinite(value))])
        means = np.abs(one.mean - other.mean).max(initial=0) <= 1e-12 * scale
        products = np.abs(one.products - other.products).max(initial=0) <= 1e-11 * scale**2 * max(frame.height, 1)
        return bool((one.n, one.left_out) == (other.n, other.left_out) and means and products)


class TestQuantileGrid(SummaryContract):
    """With m = 4 nearly every part is cut, so that the guarantee is tested and not only the exact case."""

    wish = Of(QuantileGrid, "x", m=4)
    cells = NUMBERS

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, QuantileGrid)
        assert isinstance(other, QuantileGrid)
        values = np.sort([value for value in values_of(frame, "x") if np.isfinite(value)])
        return one.n == other.n == values.size and within_rank(one, values) and within_rank(other, values)


class TestQuantileGridOfFewRows(SummaryContract):
    """Up to m rows a part nothing is left out, but the parts stay apart: the quantiles are equal, the bytes are not."""

    wish = Of(QuantileGrid, "x")
    cells = NUMBERS

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        assert isinstance(one, QuantileGrid)
        assert isinstance(other, QuantileGrid)
        shares = (0, 0.1, 0.25, 0.5, 0.9, 1)
        return [one.quantile(share) for share in shares] == [other.quantile(share) for share in shares]


class TestDistinct(SummaryContract):
    wish = Of(Distinct, "x")
    cells = WORDS


class TestFrequencies(SummaryContract):
    wish = Of(Frequencies, "x")
    cells = WORDS


class TestFrequenciesOfNumbers(SummaryContract):
    wish = Of(Frequencies, "x")
    cells: ClassVar[Cells] = {"x": (pl.Float64(), st.sampled_from([0.0, -0.0, 1.5, float("nan")]))}


class TestFrequentItems(SummaryContract):
    wish = Of(FrequentItems, "x", limit=3)
    cells: ClassVar[Cells] = {"x": (pl.String(), st.sampled_from("aaabbcdefg"))}

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        true = dict(frame["x"].drop_nulls().value_counts().iter_rows())
        return all(within_error(found, true) for found in (one, other))


class TestContingency(SummaryContract):
    wish = Of(Contingency, "city", "day")
    cells: ClassVar[Cells] = {
        "city": (pl.String(), st.sampled_from(["Rio", "Niterói", ""])),
        "day": (pl.Date(), st.dates(date(2020, 1, 1), date(2020, 1, 3))),
    }


class TestDocumentFrequency(SummaryContract):
    wish = Of(DocumentFrequency, "x", pattern=r"\w+")
    cells = WORDS


class TestDocumentFrequencyOfParts(SummaryContract):
    wish = Of(DocumentFrequency, "x", separator=",")
    cells = WORDS


class TestTextForms(SummaryContract):
    wish = Of(TextForms, "x")
    cells: ClassVar[Cells] = {
        "x": (pl.String(), st.sampled_from(["1988-12-21", "7", "1,000", "a, b", "b; a", " ", ""]))
    }


def test_every_summary_of_the_table_is_held_to_the_laws() -> None:
    """Also those whose laws are beside the operator that they were made for."""
    here = Path(__file__).parents[1]
    for path in sorted(here.rglob("test_*.py")):
        if "(SummaryContract)" in path.read_text(encoding="utf-8"):
            import_module(".".join(("tests.data", *path.relative_to(here).with_suffix("").parts)))
    tested = {cls.wish.summary.name for cls in SummaryContract.__subclasses__() if hasattr(cls, "wish")}
    assert set(SUMMARIES.names()) <= tested


def close_moments(one: Moments, other: Moments, frame: pl.DataFrame) -> bool:
    values = [float(abs(value)) for value in values_of(frame, "x") if np.isfinite(value)]
    room: float = 1e-12 * max(values, default=0.0)
    gaps = [abs(one.mean - other.mean), abs(one.deviation - other.deviation)]
    return bool(one.n == other.n and max(gaps) <= room)


def within_rank(grid: QuantileGrid, values: Any) -> bool:
    """Whether each quantile has its rank, up to 1/(2m) of the rows. values : all of them, sorted"""
    n, room = values.size, 1 / (2 * grid.m) + 1e-12
    for share in np.linspace(0, 1, 11):
        found = grid.quantile(float(share))
        if found is None:
            return bool(n == 0)
        below, upto = np.searchsorted(values, found, "left") / n, np.searchsorted(values, found, "right") / n
        if not (below <= share + room and upto >= share - room):
            return False
    return True


def within_error(found: Summary, true: dict[str, int]) -> bool:
    assert isinstance(found, FrequentItems)
    bounded = found.error <= found.rows / (found.limit + 1) and len(found.counts) <= found.limit
    counts = all(0 <= true[value] - found.counts.get(value, 0) <= found.error for value in true)
    return bounded and counts and found.rows == sum(true.values())
