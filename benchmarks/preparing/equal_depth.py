"""64 bins of equal depth over 20 million numbers in 20 chunks, beside scikit-learn's KBinsDiscretizer.

70 % lognormal, 30 % normal, 2 % zeros. Both fit and write the codes. Instar takes the chunks one after another, as they
would be read; scikit-learn needs them whole. The memory is that of fitting alone, over the data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from benchmarks.figures import Sample, print_table, verdict
from benchmarks.preparing.memory import Observed, observed
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BINS = 64
CHUNKS = 20


def chunk(place: int, rows: int) -> Numbers:
    random = np.random.default_rng(place)
    values = np.where(random.random(rows) < 0.7, np.exp(random.normal(size=rows)), random.normal(size=rows))
    values[random.random(rows) < 0.02] = 0.0
    return values


def instar(rows: int, codes: bool = True) -> Callable[[], dict[str, Any]]:
    from instar import prep

    frames = [pl.DataFrame({"x": chunk(place, rows)}) for place in range(CHUNKS)]
    prep.fit([prep.EqualDepth("x", bins=BINS)], frames[0][:1000])  # so that code is loaded, here and below

    def run() -> dict[str, Any]:
        preparation = prep.fit([prep.EqualDepth("x", bins=BINS)], frames)
        counts = np.zeros(BINS, dtype=np.int64)
        digest = hashlib.sha256(preparation.to_bytes())
        for frame in frames if codes else ():
            made = preparation.apply(frame).frame["x"].to_numpy()
            counts += np.bincount(made, minlength=BINS)
        digest.update(counts.tobytes())
        [state] = preparation.states
        return {
            "edges": list(state.columns["x"].edges),  # type: ignore[attr-defined]
            "used": int((counts > 0).sum()),
            "digest": digest.hexdigest(),
        }

    return run


def scikit_learn(rows: int, codes: bool = True) -> Callable[[], dict[str, Any]]:
    from sklearn.preprocessing import KBinsDiscretizer

    values = np.concatenate([chunk(place, rows) for place in range(CHUNKS)]).reshape(-1, 1)
    KBinsDiscretizer(BINS, encode="ordinal", strategy="quantile", subsample=None).fit(values[:1000])

    def run() -> dict[str, Any]:
        bins = KBinsDiscretizer(BINS, encode="ordinal", strategy="quantile", subsample=None)
        bins.fit(values)
        if codes:
            bins.transform(values)
        return {"edges": bins.bin_edges_[0][1:-1].tolist(), "used": int(bins.n_bins_[0])}

    return run


def rank_error(rows: int, edges: Numbers) -> float:
    """The greatest distance of i/64 from the ranks of the two neighbouring values between which the i-th edge lies.

    No edge parts equal values, so the ranks of equal values are one interval.
    """
    values = np.sort(np.concatenate([chunk(place, rows) for place in range(CHUNKS)]))
    after = np.searchsorted(values, edges, side="left")
    low = np.searchsorted(values, values[after - 1], side="left") / values.size
    high = np.searchsorted(values, values[after], side="right") / values.size
    wanted = np.arange(1, BINS) / BINS
    return float(np.maximum(np.maximum(low - wanted, wanted - high), 0).max())


def run(small: bool = False) -> None:
    """Print the figures."""
    rows = 50_000 if small else 1_000_000
    rounds = 2 if small else 3
    taken: dict[str, list[Observed]] = {"instar": [], "scikit_learn": []}
    fits: dict[str, list[Observed]] = {"instar": [], "scikit_learn": []}
    for _ in range(rounds):
        for name in taken:
            taken[name].append(_observed(name, rows, codes=True))
            fits[name].append(_observed(name, rows, codes=False))
    print_table("fit and codes, wall", _samples(taken, 0), "s")
    print_table("fit alone, wall", _samples(fits, 0), "s")
    print_table("fit alone, extra memory", _samples(fits, 1), "MB")
    ours = taken["instar"][0].result
    print(f"\nbins: instar {ours['used']}, scikit-learn {taken['scikit_learn'][0].result['used']}")
    verdict("rank error", rank_error(rows, np.array(ours["edges"])), at_most=0.001)
    verdict("bins in use, of 64", ours["used"], at_least=BINS)
    verdict("time, of scikit-learn's", _ratio(taken, 0), at_most=1.2)
    verdict("extra memory of fitting, of scikit-learn's", _ratio(fits, 1), at_most=0.1)
    verdict("different bytes in all runs", len({each.result["digest"] for each in taken["instar"]}), at_most=1)


def _observed(name: str, rows: int, codes: bool) -> Observed:
    return observed(f"benchmarks.preparing.equal_depth:{name}", {"rows": rows, "codes": codes})


def _samples(taken: dict[str, list[Observed]], place: int) -> dict[str, Sample]:
    return {name: Sample(tuple(float(each[place]) for each in found)) for name, found in taken.items()}


def _ratio(taken: dict[str, list[Observed]], place: int) -> float:
    return median(each[place] for each in taken["instar"]) / median(each[place] for each in taken["scikit_learn"])
