"""Wavelets and frequencies of series: the laws, the transforms, and which coefficients are kept."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
import pywt
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells, SummaryContract

from instar import prep
from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators import AnyOperator
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation
from instar.data.summaries import ArrayMoments, Of

POINTS = st.floats(-1e6, 1e6) | st.just(float("nan"))
MONTHS: Cells = {name: (pl.Float64(), POINTS) for name in ("a", "b", "c", "d", "e")}
MONTHS_SAMPLE: dict[str, list[Any]] = {
    "a": [1.0, 2.0, None, 4.0, 5.0, 0.0],
    "b": [0.5, 2.5, 1.0, -4.0, 5.0, 0.0],
    "c": [3.0, 2.0, 7.0, 4.0, 5.0, 0.0],
    "d": [1.0, 9.0, 2.0, -4.0, 5.0, 0.0],
    "e": [8.0, 2.0, 0.25, 4.0, 5.0, 0.0],
}
FAR: dict[str, Any] = {"a": 1e300, "b": -1e300, "c": 1e300, "d": 0.0, "e": float("inf")}
SERIES: Cells = {"x": (pl.List(pl.Float64), st.lists(POINTS, min_size=6, max_size=6))}
SERIES_SAMPLE: dict[str, list[Any]] = {
    "x": [[1.0, 2.0, 3.0, 4.0, 9.0, 1.0], None, [5.0] * 6, [0.0, 1.0] * 3, [None, 1.0, 2.0, 3.0, 4.0, 5.0], [3.0] * 6]
}


class Spectrum(OperatorContract):
    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        """The same coefficients, unless their energies are equal up to rounding; the same share of the energy."""
        left: Any = one.states[0]
        right: Any = other.states[0]
        return all(
            (left.columns[name].points, len(left.columns[name].places)) == (found.points, len(found.places))
            and abs(left.columns[name].share - found.share) < 1e-9
            for name, found in right.columns.items()
        )


class TestDwt(Spectrum):
    operator = prep.Dwt("x", keep=3, level=1)
    cells = SERIES
    sample = SERIES_SAMPLE
    unseen: ClassVar[dict[str, Any]] = {"x": [1e300, -1e300, 0.0, 1e-300, 1.0, 2.0]}


class TestDft(Spectrum):
    operator = prep.Dft("a", "b", "c", "d", "e", into="waves", give="both", keep=2)
    cells = MONTHS
    sample = MONTHS_SAMPLE
    unseen = FAR


class TestArrayMoments(SummaryContract):
    wish = Of(ArrayMoments, "x", "a")
    cells: ClassVar[Cells] = {
        "x": (pl.Array(pl.Float64, 2), st.lists(POINTS, min_size=2, max_size=2)),
        "a": (pl.Int64(), st.integers(-9, 9)),
    }

    def agrees(self, one: Any, other: Any, frame: pl.DataFrame) -> bool:
        same_counts = one.points == other.points and np.array_equal(one.n, other.n)
        greatest = max(1.0, float(np.abs(one.mean).max(initial=0)))
        near = np.allclose(one.mean, other.mean, rtol=0, atol=1e-9 * greatest)
        return bool(same_counts and near and np.allclose(one.m2, other.m2, rtol=1e-9, atol=1e-9 * greatest**2))


class TestArrayMomentsOfEnergies(TestArrayMoments):
    wish = Of(ArrayMoments, "x", transform=("dft", False))
    cells = SERIES


def arrays(operator: AnyOperator, rows: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float32]]:
    return fit([operator], [rows]).apply(rows).frame[operator.writes()[0]].to_numpy()


def walks(rows: int, points: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(7).normal(size=(rows, points)).cumsum(axis=1)


@pytest.mark.parametrize("wavelet", ["haar", "db4", "sym8", "bior2.2"])
def test_wavelet_coefficients_are_those_of_pywavelets(wavelet: str) -> None:
    series = walks(20, 128)
    rows = pl.DataFrame({"x": series})
    expected = np.hstack(pywt.wavedec(series, wavelet, mode="symmetric", level=2, axis=1))
    found = arrays(prep.Dwt("x", wavelet=wavelet, mode="symmetric", level=2), rows)
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-5)


def test_an_orthogonal_wavelet_keeps_the_energy_and_the_strongest_hold_most() -> None:
    series = walks(30, 64)
    rows = pl.DataFrame({"x": series})
    everything = arrays(prep.Dwt("x", wavelet="db2", level=3), rows)
    assert np.allclose((everything.astype(float) ** 2).sum(1), (series**2).sum(1), rtol=1e-5)
    preparation = fit([prep.Dwt("x", wavelet="db2", level=3, keep=10)], [rows[:11], rows[11:]])
    kept = preparation.states[0].columns["x"]  # type: ignore[attr-defined]
    strongest = np.argsort(-(everything.astype(float) ** 2).mean(0))[:10]
    assert set(kept.places) == set(strongest.tolist())
    share = (everything[:, list(kept.places)].astype(float) ** 2).sum() / (series**2).sum()
    assert kept.share == pytest.approx(share, rel=1e-5)
    assert np.array_equal(preparation.apply(rows).frame["x"].to_numpy(), everything[:, list(kept.places)])
    assert "10 of 64 coefficients of 64 points hold" in preparation.explain()
    assert preparation.feature_names()[0] == "x=a3.0"


def test_as_few_as_hold_a_share_of_the_energy_are_kept() -> None:
    rows = pl.DataFrame({"x": walks(30, 64)})
    preparation = fit([prep.Dft("x", share=0.9)], [rows])
    kept = preparation.states[0].columns["x"]  # type: ignore[attr-defined]
    assert kept.share >= 0.9
    fewer = fit([prep.Dft("x", keep=len(kept.places) - 1)], [rows]).states[0].columns["x"]  # type: ignore[attr-defined]
    assert fewer.share < 0.9
    assert fit([prep.Dft("x", keep=3, by="first")], [rows]).feature_names() == ("x=f0", "x=f1", "x=f2")


def test_amplitude_and_phase_give_the_series_back() -> None:
    for points in (7, 8):
        series = walks(5, points)
        found = arrays(prep.Dft("x", give="both"), pl.DataFrame({"x": series})).astype(float)
        amplitude, phase = found[:, 0::2], found[:, 1::2]
        frequency, time = np.arange(amplitude.shape[1]), np.arange(points)
        waves = np.cos(2 * np.pi * frequency[:, None] * time / points + phase[:, :, None])
        assert np.allclose((amplitude[:, :, None] * waves).sum(1), series, atol=1e-4)
        parts = arrays(prep.Dft("x", give="parts"), pl.DataFrame({"x": series})).astype(float)
        assert np.allclose(parts[:, 0::2], amplitude * np.cos(phase), atol=1e-5)
        assert np.allclose(parts[:, 1::2], amplitude * np.sin(phase), atol=1e-5)


def test_the_energies_of_all_frequencies_add_up_to_that_of_the_series() -> None:
    for points in (9, 10):
        series = walks(6, points)
        seen = ArrayMoments.of(pl.DataFrame({"x": series}), "x", transform=("dft", False))
        assert seen.mean.sum() == pytest.approx((series**2).sum(1).mean())


@pytest.mark.parametrize("operator", [prep.Dft("x", give="both"), prep.Dwt("x", wavelet="db3", normalise=True)])
def test_many_rows_are_the_rows_one_by_one(operator: AnyOperator) -> None:
    rows = pl.DataFrame({"x": walks(133, 90)})
    preparation = fit([operator], [rows])
    bulk = preparation.apply(rows).frame["x"]
    assert all(preparation.apply(rows[at]).frame["x"].to_list() == bulk[at : at + 1].to_list() for at in range(133))


def test_the_height_of_a_normalised_series_does_not_count() -> None:
    series = walks(4, 16)
    low, high = (arrays(prep.Dft("x", normalise=True), pl.DataFrame({"x": x})) for x in (series, 5 * series + 100))
    assert np.allclose(low, high, atol=1e-5)


def test_a_series_of_another_length_is_refused_or_left_without_values() -> None:
    seen = pl.DataFrame({"x": [[1.0, 2.0, 3.0, 4.0]]})
    other = pl.DataFrame({"x": [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0], None]})
    with pytest.raises(BadInput, match=r"row 2 has 2 points; it was fitted on series of 4"):
        fit([prep.Dft("x")], [seen]).apply(other)
    left = fit([prep.Dft("x", strict=False, keep=1)], [seen]).apply(other).frame["x"].to_list()
    assert left == [[2.5], None, None]
    with pytest.raises(BadInput, match="series of 2 and 4 points in x"):
        fit([prep.Dwt("x")], [other])


def test_nothing_seen_writes_nothing() -> None:
    rows = pl.DataFrame({"x": [None, None]}, schema={"x": pl.List(pl.Float64)})
    preparation = fit([prep.Dwt("x")], [rows])
    assert preparation.output["x"].type == "array[float32,0]"
    assert "no series was seen" in preparation.explain()
    assert preparation.apply(pl.DataFrame({"x": [[1.0, 2.0]]})).frame["x"].to_list() == [None]


def test_what_cannot_be_transformed_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match="no discrete wavelet is called 'mexh'"):
        prep.Dwt("x", wavelet="mexh")
    with pytest.raises(BadInput, match="unknown mode"):
        prep.Dwt("x", mode="mirror")
    with pytest.raises(BadInput, match="level=0"):
        prep.Dwt("x", level=0)
    with pytest.raises(BadInput, match="has 3 levels of 'haar' at most, not 4"):
        prep.Dwt("x", level=4).output(Schema.of(Field("x", "array[float64,8]")))
    with pytest.raises(BadInput, match="both say how many"):
        prep.Dft("x", keep=3, share=0.5)
    with pytest.raises(BadInput, match="share=1"):
        prep.Dft("x", share=1.5)
    with pytest.raises(BadInput, match="keep=0"):
        prep.Dft("x", keep=0)
    with pytest.raises(BadInput, match="unknown give"):
        prep.Dft("x", give="power")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="unknown by"):
        prep.Dft("x", by="last")  # type: ignore[arg-type]
