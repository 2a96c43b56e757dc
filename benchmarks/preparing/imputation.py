"""Missing categories filled in, beside other ways: exact hits on 10 % of one column hidden at random.

Data: hospital and beers, the clean tables of the folder ``cleaning`` below ``INSTAR_SHARED`` (or ``../shared/data``). Of
each column in turn 10 % of the known values are hidden, by the seed, and filled in from the other columns (without
keys: columns with different values in at least 99 % of the rows). A cell counts when it equals the hidden text.
HistGradientBoosting costs a minute a column here, so it sees the first seed only, and is compared on that one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import polars as pl
from benchmarks.figures import verdict
from numpy.typing import NDArray

from instar.data.operators import ImputeDependency
from instar.data.preparing.fitting import fit

COLUMNS = {
    "hospital": ("City", "State", "ZipCode", "CountyName", "Condition", "MeasureCode", "HospitalOwner"),
    "beers": ("style", "brewery-name", "city", "state"),
}
BARS = {"hospital": 1.000, "beers": 0.758}  # the improved scoring of the facts
KEY = 0.99
MOST_CODES = 255  # categories of a column that HistGradientBoosting takes, and classes worth its time
Places = NDArray[np.int64]
Filler = Callable[[pl.DataFrame, str, Places, int], list[Any]]


def folder() -> Path | None:
    """The tables, if they are here."""
    shared = Path(os.environ.get("INSTAR_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    return next((path for path in (shared / "data" / "cleaning", shared / "cleaning") if path.is_dir()), None)


def table(name: str, cleaning: Path) -> pl.DataFrame:
    """The truth as text; what stands for a missing value is missing."""
    frame = pl.read_csv(cleaning / name / "clean.csv", infer_schema=False)
    return frame.with_columns(pl.all().replace({"": None, "empty": None}))


def dependency(holed: pl.DataFrame, goal: str, hidden: Places, seed: int, **options: Any) -> list[Any]:
    operator = ImputeDependency(goal, given=[name for name in holed.columns if name != goal], seed=seed, **options)
    return fit([operator], [holed]).apply(holed[hidden]).frame[goal].to_list()


def published(holed: pl.DataFrame, goal: str, hidden: Places, seed: int) -> list[Any]:
    return dependency(holed, goal, hidden, seed, score="published", fill="draw")


def mode(holed: pl.DataFrame, goal: str, hidden: Places, seed: int) -> list[Any]:
    return [holed[goal].drop_nulls().value_counts(sort=True)[goal][0]] * len(hidden)


def forest(holed: pl.DataFrame, goal: str, hidden: Places, seed: int) -> list[Any]:
    from sklearn.ensemble import RandomForestClassifier

    inputs, _ = _codes(holed, goal)
    return _learned(RandomForestClassifier(50, random_state=seed), inputs, holed, goal, hidden)


def boosting(holed: pl.DataFrame, goal: str, hidden: Places, seed: int) -> list[Any]:
    """Codes of up to 255 categories as categories, the others as numbers."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs, categories = _codes(holed, goal)
    estimator = HistGradientBoostingClassifier(random_state=seed, categorical_features=categories, early_stopping=False)
    return _learned(estimator, inputs, holed, goal, hidden)


def _codes(holed: pl.DataFrame, goal: str) -> tuple[NDArray[np.float64], list[bool]]:
    names = [name for name in holed.columns if name != goal and holed[name].n_unique() < KEY * holed.height]
    codes = [holed[name].rank("dense").cast(pl.Float64).to_numpy() - 1 for name in names]
    return np.column_stack(codes), [holed[name].n_unique() <= MOST_CODES for name in names]


def _learned(estimator: Any, inputs: NDArray[np.float64], holed: pl.DataFrame, goal: str, hidden: Places) -> list[Any]:
    known = holed[goal].is_not_null().to_numpy()
    fitted = estimator.fit(inputs[known], holed[goal].drop_nulls().to_numpy())
    return list(fitted.predict(inputs[hidden]))


FILLERS: dict[str, Filler] = {
    "instar": dependency,
    "cleanerR's rule": published,
    "mode": mode,
    "forest of 50": forest,
    "boosting": boosting,
}


def hits(truth: pl.DataFrame, goal: str, filler: Filler, seed: int) -> tuple[float, float, float]:
    """The share of the hidden values that is right, the share that was not filled, and the seconds."""
    known = np.flatnonzero(truth[goal].is_not_null().to_numpy())
    hidden = np.sort(np.random.default_rng(seed).choice(known, round(0.1 * known.size), replace=False))
    mask = np.zeros(truth.height, dtype=bool)
    mask[hidden] = True
    holed = truth.with_columns(pl.when(pl.lit(pl.Series(mask))).then(None).otherwise(pl.col(goal)).alias(goal))
    start = time.perf_counter()
    filled = filler(holed, goal, hidden, seed)
    seconds = time.perf_counter() - start
    right = [one == other for one, other in zip(filled, truth[goal].gather(hidden).to_list())]
    return fmean(right), fmean(value is None for value in filled), seconds


def runs(name: str, truth: pl.DataFrame, goal: str) -> bool:
    """Whether a filler can run: boosting takes minutes a column with hundreds of classes."""
    return name != "boosting" or truth[goal].n_unique() <= MOST_CODES


def compared(data: str, truth: pl.DataFrame, columns: tuple[str, ...], seeds: range) -> None:
    print(f"\n{data}, {truth.height} rows, {len(seeds)} seeds: share of hidden values filled in right")
    print(f"  {'':16}" + "".join(f"{name:>17}" for name in FILLERS))
    means: dict[str, list[tuple[float, ...]]] = {name: [] for name in FILLERS}
    ahead: list[tuple[float, str]] = []
    for goal in columns:
        row: dict[str, list[tuple[float, ...]]] = {}
        for name, filler in FILLERS.items():
            if runs(name, truth, goal):
                row[name] = [hits(truth, goal, filler, seed) for seed in (seeds[:1] if name == "boosting" else seeds)]
                means[name].append(tuple(fmean(one[at] for one in row[name]) for at in range(3)))
        said = [f"{means[name][-1][0]:>17.3f}" if name in row else f"{'-':>17}" for name in FILLERS]
        print(f"  {goal:16}" + "".join(said), flush=True)
        if "boosting" in row:
            ahead.append((row["instar"][0][0] - row["boosting"][0][0], goal))
    for at, title in enumerate(("mean", "not filled", "seconds")):
        print(f"  {title:16}" + "".join(f"{fmean(one[at] for one in means[name]):>17.3f}" for name in FILLERS))
    print(f"  (boosting ran on {len(means['boosting'])} of {len(columns)} columns, and its mean is over those)")
    verdict(f"{data}: mean accuracy", round(fmean(one[0] for one in means["instar"]), 4), at_least=BARS[data])
    least, goal = min(ahead)
    verdict(f"{data}: accuracy over HistGradientBoosting's, least column ({goal})", round(least, 4), at_least=0.0)


def run(small: bool = False) -> None:
    if (cleaning := folder()) is None:
        print("the tables of shared/data/cleaning are not here; set INSTAR_SHARED to their folder", file=sys.stderr)
        return
    for data, columns in COLUMNS.items():
        compared(data, table(data, cleaning), columns[-2:] if small else columns, range(1 if small else 3))
