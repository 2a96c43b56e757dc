"""SAX words of 10,000 series of 1,000 points, 50 segments, 8 letters, beside pyts and numpy written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from benchmarks.figures import compare, peer_missing, print_table, seconds, shown, verdict
from benchmarks.preparing.memory import measured
from numpy.typing import NDArray

SEGMENTS, LETTERS = 50, 8
Floats = NDArray[np.float64]


def run(small: bool = False) -> None:
    rows, points = (500, 200) if small else (10_000, 1_000)
    size = {"rows": rows, "points": points}
    subjects: dict[str, Callable[[], Any]] = {}
    for name, prepare in SUBJECTS.items():
        try:
            subjects[name] = prepare(**size)
        except ImportError:
            peer_missing(name, "run python3 dev.py bench prep sax")
    results = compare({name: _timed(call) for name, call in subjects.items()}, rounds=5)
    print_table(f"SAX of {rows:,} series of {points:,} points, {SEGMENTS} segments, {LETTERS} letters", results, "s")
    for name in subjects:
        _, megabytes = measured("benchmarks.preparing.sax:alone", {"subject": name, **size})
        print(f"  extra memory, {name}: {shown(megabytes)} MB")
    mine = np.asarray(subjects["instar"]())
    if "pyts" in subjects:
        equal = float((mine == subjects["pyts"]()).mean())
        verdict("sax: time of pyts over ours", results["pyts"].median / results["instar"].median, at_least=3)
        verdict("sax: share of letters equal to those of pyts", equal, at_least=0.999999)
    exact = float((mine == subjects["numpy by hand"]()).mean())
    verdict("sax: share of letters equal to the definition", exact, at_least=0.999999)


def _timed(call: Callable[[], Any]) -> Callable[[], float]:
    return lambda: seconds(call)


def walks(rows: int, points: int) -> Floats:
    return np.random.default_rng(7).normal(size=(rows, points)).cumsum(axis=1)


def instar(rows: int, points: int) -> Callable[[], Any]:
    """A fitted preparation, applied to a table with a column of arrays."""
    from instar import prep
    from instar.data.preparing.fitting import fit

    table = pl.DataFrame({"series": walks(rows, points)})
    preparation = fit([prep.Sax("series", segments=SEGMENTS, letters=LETTERS, codes=True)], [table[:1]])
    return lambda: preparation.apply(table).frame["series"].to_numpy()


def by_hand(rows: int, points: int) -> Callable[[], Any]:
    """Segment means first, then their scale: what is quickest in numpy."""
    from scipy.stats import norm

    series = walks(rows, points)
    cuts = norm.ppf(np.arange(1, LETTERS) / LETTERS)

    def codes() -> Any:
        means = series.reshape(rows, SEGMENTS, -1).mean(axis=2)
        scaled = (means - series.mean(axis=1, keepdims=True)) / series.std(axis=1, keepdims=True)
        return np.searchsorted(cuts, scaled, side="right")

    return codes


def pyts(rows: int, points: int) -> Callable[[], Any]:
    from pyts.approximation import PiecewiseAggregateApproximation, SymbolicAggregateApproximation
    from pyts.preprocessing import StandardScaler

    series = walks(rows, points)
    scaler, means = StandardScaler(), PiecewiseAggregateApproximation(window_size=points // SEGMENTS)
    letters = SymbolicAggregateApproximation(n_bins=LETTERS, strategy="normal", alphabet="ordinal")
    return lambda: letters.transform(means.transform(scaler.transform(series)))


SUBJECTS = {"instar": instar, "numpy by hand": by_hand, "pyts": pyts}


def alone(subject: str, rows: int, points: int) -> Callable[[], None]:
    """One of them, for its memory: nothing is given back."""
    call = SUBJECTS[subject](rows, points)

    def letters() -> None:
        call()

    return letters
