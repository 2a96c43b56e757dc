"""Words of series: the definition, the laws, and the distance of words."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells, SummaryContract

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators.series.sax import mindist, normal_breakpoints
from instar.data.preparing.fitting import fit
from instar.data.summaries import Of, SeriesQuantiles
from instar.data.values.series import paa, z_normalised

POINTS = st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf"))
SERIES: Cells = {
    "x": (pl.Array(pl.Float64, 5), st.lists(POINTS, min_size=5, max_size=5)),
    "y": (pl.List(pl.Float64), st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=7)),
}
SERIES_SAMPLE: dict[str, list[Any]] = {
    "x": [[1.0, 2.0, 3.0, 4.0, 9.0], None, [5.0] * 5, [0.0, 1.0, 0.0, 1.0, None], [3.0, 1.0, 4.0, 1.0, 5.0], [0.1] * 5],
    "y": [
        [1.0, 2.0, 3.0, 4.0],
        [2.0] * 6,
        None,
        [5.0, 1.0, 2.0, 8.0, 1.0],
        [1.0, 2.0, None, 4.0],
        [0.0, 9.0, 0.0, 9.0],
    ],
}
MONTHS: Cells = {
    "jan": (pl.Float64(), POINTS),
    "feb": (pl.Int64(), st.integers(-99, 99)),
    "mar": (pl.Float32(), POINTS),
}


class TestSax(OperatorContract):
    operator = prep.Sax("x", "y", segments=3, letters=5)
    cells = SERIES
    sample = SERIES_SAMPLE
    unseen: ClassVar[dict[str, Any]] = {"x": [1e300, -1e300, 0.0, 1e-300, 1.0], "y": [7e8, -7e8] * 50}


class TestSaxOfColumnsCutAtEqualDepth(OperatorContract):
    operator = prep.Sax("jan", "feb", "mar", segments=2, letters=3, into="winter", cuts="equal_depth", codes=True)
    cells = MONTHS
    sample: ClassVar[dict[str, list[Any]]] = {
        "jan": [1.0, None, 3.5, 9.0, 0.25, 7.0],
        "feb": [1, 2, None, 4, 5, 6],
        "mar": [0.5, 2.0, 1.0, None, 8.0, 1.0],
    }
    unseen: ClassVar[dict[str, Any]] = {"jan": 1e300, "feb": 10**15, "mar": -3e38}


class TestSeriesQuantiles(SummaryContract):
    wish = Of(SeriesQuantiles, "y", segments=3)
    cells: ClassVar[Cells] = {"y": SERIES["y"]}

    def agrees(self, one: Any, other: Any, frame: pl.DataFrame) -> bool:
        return sorted(one.values) == sorted(other.values) and one.n == other.n


def words(operator: prep.Sax, rows: pl.DataFrame) -> list[Any]:
    return fit([operator], [rows]).apply(rows).frame[operator.writes()[0]].to_list()


def walks(rows: int, points: int, seed: int = 7) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(size=(rows, points)).cumsum(axis=1)


def test_letters_are_those_of_the_definition() -> None:
    series = walks(50, 120)
    normal = (series - series.mean(1, keepdims=True)) / series.std(1, keepdims=True)
    means = normal.reshape(50, 12, 10).mean(2)
    expected = (means[:, :, None] >= norm.ppf(np.arange(1, 8) / 8)).sum(2)
    found = words(prep.Sax("x", segments=12, letters=8, codes=True), pl.DataFrame({"x": series}))
    assert np.array_equal(np.array(found), expected)
    assert words(prep.Sax("x", segments=12, letters=8), pl.DataFrame({"x": series}))[0] == "".join(
        chr(97 + code) for code in expected[0]
    )


def test_a_list_an_array_and_columns_side_by_side_give_one_word() -> None:
    series = walks(9, 10)
    as_array, as_list = pl.DataFrame({"x": series}), pl.DataFrame({"x": series.tolist()})
    names = [f"m{place}" for place in range(10)]
    as_columns = pl.DataFrame(dict(zip(names, series.T)))
    expected = words(prep.Sax("x", segments=5), as_array)
    assert words(prep.Sax("x", segments=5), as_list) == expected
    assert words(prep.Sax(*names, segments=5, into="word"), as_columns) == expected
    mixed = pl.DataFrame({"first": series[:, 0], "others": series[:, 1:].tolist()})
    assert words(prep.Sax("first", "others", segments=5, into="word"), mixed) == expected


def test_many_rows_are_the_rows_one_by_one() -> None:
    rows = pl.DataFrame({"x": walks(150, 37)})
    for segments in (37, 9, 1):
        operator = prep.Sax("x", segments=segments, letters=9)
        assert words(operator, rows) == [words(operator, rows[at])[0] for at in range(150)]


@pytest.mark.parametrize(("points", "segments"), [(10, 3), (7, 7), (5, 4), (12, 4)])
def test_a_point_on_a_border_counts_to_both_sides_by_its_share(points: int, segments: int) -> None:
    series = walks(4, points)
    finely = np.repeat(series, segments, axis=1).reshape(4, segments, points).mean(axis=2)
    assert np.allclose(paa(series, segments), finely, rtol=0, atol=1e-12)


def test_a_series_is_on_one_scale_whatever_its_size() -> None:
    series = walks(3, 20)
    expected = z_normalised(series)
    for factor in (1e-300, 1e-30, 1e250):
        assert np.allclose(z_normalised(series * factor), expected, rtol=0, atol=1e-9)
    assert np.allclose(z_normalised(series + 2.0**40), expected, rtol=0, atol=1e-3)
    for constant in (0.1, 0.0, -3e300, 5e-324):
        assert not z_normalised(np.full((1, 13), constant)).any()


def test_equal_depth_letters_are_equally_frequent() -> None:
    spiky = pl.DataFrame({"x": np.random.default_rng(3).exponential(size=(400, 16)) ** 4})
    for cuts, least in (("equal_depth", 0.24), ("normal", 0.0)):
        text = "".join(words(prep.Sax("x", segments=8, letters=4, cuts=cuts), spiky))  # type: ignore[arg-type]
        shares = [text.count(letter) / len(text) for letter in "abcd"]
        assert min(shares) >= least
        assert cuts == "equal_depth" or max(shares) > 0.4


def test_equal_depth_without_a_series_cuts_as_the_normal_distribution() -> None:
    nothing = pl.DataFrame({"x": [None]}, schema={"x": pl.List(pl.Float64)})
    preparation = fit([prep.Sax("x", cuts="equal_depth")], [nothing])
    assert preparation.states[0].columns["x"].breakpoints == normal_breakpoints(4)  # type: ignore[attr-defined]
    assert "no series was seen" in preparation.explain()


def test_segments_of_equal_time_differ_from_segments_of_equal_count() -> None:
    rows = pl.DataFrame({"x": [[0.0, 0.0, 0.0, 8.0]], "t": [[0.0, 0.1, 0.2, 10.0]]})
    assert words(prep.Sax("x", segments=2, letters=3), rows) == ["ac"]
    assert words(prep.Sax("x", segments=2, letters=3, times="t"), rows) == ["ac"]
    timed = fit([prep.Sax("x", segments=4, times="t", codes=True)], [rows]).apply(rows).frame
    assert timed.columns == ["x"]
    # the two empty segments in the middle lie on the line from the first to the last
    assert timed["x"].to_list() == [[1.0, 2.0, 3.0, 3.0]]


def test_times_may_be_dates_and_points_without_value_or_time_are_left_out() -> None:
    days = [date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3), date(2020, 2, 1)]
    dated = pl.DataFrame({"x": [[1.0, None, 2.0, 9.0]], "t": [days]})
    whole = pl.DataFrame({"x": [[1.0, 2.0, 9.0]], "t": [[0.0, 2.0, 31.0]]})
    operator = prep.Sax("x", segments=3, times="t")
    assert words(operator, dated) == words(operator, whole)
    uneven = pl.DataFrame({"x": [[1.0, 2.0, 9.0]], "t": [[0.0, 2.0]]})
    with pytest.raises(BadInput, match="3 points, 't' has 2 times"):
        words(operator, uneven)


def test_a_series_shorter_than_its_word_is_refused_or_left_without() -> None:
    rows = pl.DataFrame({"x": [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0], []]})
    with pytest.raises(BadInput, match=r"row 2 has 2 points.*less than the 4 segments.*2 such series"):
        words(prep.Sax("x", segments=4), rows)
    assert words(prep.Sax("x", segments=4, strict=False), rows) == ["abcd", None, None]
    with pytest.raises(BadInput, match="'x' has 3 points"):
        prep.Sax("x", segments=4).output(Schema.of(Field("x", "array[float64,3]")))


def test_what_makes_no_word_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match="27 letters"):
        prep.Sax("x", letters=27)
    with pytest.raises(BadInput, match="segments=0"):
        prep.Sax("x", segments=0)
    with pytest.raises(BadInput, match="unknown cuts"):
        prep.Sax("x", cuts="deep")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="only times"):
        prep.Sax("t", times="t")
    with pytest.raises(WrongType, match="a series"):
        prep.Sax("x").output(Schema.of(Field("x", "list[string]")))
    with pytest.raises(WrongType, match="times"):
        prep.Sax("x", times="t").output(Schema.of(Field("x", "list[float64]"), Field("t", "list[string]")))
    with pytest.raises(BadInput, match="a column 'w' already"):
        prep.Sax("x", into="w").output(Schema.of(Field("x", "list[float64]"), Field("w", "string")))


def test_breakpoints_cut_the_normal_distribution_into_equal_areas() -> None:
    for letters in range(2, 27):
        found = normal_breakpoints(letters)
        assert np.allclose(found, norm.ppf(np.arange(1, letters) / letters), rtol=0, atol=1e-12)
        assert found == tuple(-each if each else 0.0 for each in reversed(found))


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(0, 10**9), st.integers(2, 60), st.integers(1, 60), st.integers(2, 26))
def test_the_distance_of_words_is_never_above_that_of_the_series(
    seed: int, points: int, segments: int, letters: int
) -> None:
    segments = min(segments, points)
    series = walks(12, points, seed)
    coded = words(prep.Sax("x", segments=segments, letters=letters), pl.DataFrame({"x": series}))
    normal = z_normalised(series)
    for one in range(0, 12, 2):
        apart = float(np.linalg.norm(normal[one] - normal[one + 1]))
        assert mindist(coded[one], coded[one + 1], points, letters) <= apart + 1e-9


def test_the_distance_of_words_by_its_definition() -> None:
    breakpoints = normal_breakpoints(8)
    cells = (breakpoints[6] - breakpoints[0]) ** 2 + (breakpoints[2] - breakpoints[1]) ** 2
    assert mindist("aahb", "bhad", 40, 8) == pytest.approx(
        np.sqrt(40 / 4 * (cells + (breakpoints[6] - breakpoints[0]) ** 2))
    )
    assert mindist([0, 7], [7, 0], 10, 8) == mindist("ah", "ha", 10, 8)
    assert mindist("abc", "bcd", 30, 8) == 0.0
    with pytest.raises(BadInput, match="words of 3 and 2 letters"):
        mindist("abc", "ab", 9, 4)
    with pytest.raises(BadInput, match="outside an alphabet of 4"):
        mindist("abe", "abc", 9, 4)
    with pytest.raises(BadInput, match="2 points are fewer"):
        mindist("abc", "abc", 2, 4)


def test_it_says_where_the_letters_are_cut() -> None:
    rows = pl.DataFrame({"x": [[1.0, 2.0, 3.0, 4.0]], "y": [[1.0, 1.0, 1.0, 1.0]]})
    said = fit([prep.Sax("x", segments=4), prep.Sax("y", segments=4, cuts="equal_depth")], [rows]).explain()
    assert said.splitlines() == [
        "x: a word of 4 letters, cut at -0.6745, 0, 0.6745 (equal areas of the normal distribution)",
        "y: a word of 4 letters, cut at 0, 0, 0 (quantiles of 4 segment means; "
        "2 letters never occur, since breakpoints tie)",
    ]
