"""z-score and min-max of 10 columns x 10 million rows from a Parquet file, beside Polars streaming written by hand.

Both read the file twice: once for mean, deviation, least and greatest of each column, once to give both scales of every
number; what is given is added up (as a training loop would consume it), so that nothing is left out. The hand-written
peer is two lazy queries on Polars' streaming engine. It does less: each column is measured once (here the two scales
are of columns of two names, so their ends are measured twice), and does not look for NaN. Code is loaded before the
clock starts, for both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from benchmarks.figures import Sample, print_table, verdict
from benchmarks.preparing.memory import Observed, observed

NAMES = [f"c{place}" for place in range(10)]
AGAIN = [f"u{place}" for place in range(10)]
GROUP = 250_000  # rows of a row group


def write(path: Path, rows: int) -> None:
    """Normal numbers of ten means and deviations, chunk by chunk."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    with pq.ParquetWriter(path, pa.schema([(name, pa.float64()) for name in NAMES]), compression="zstd") as writer:
        for _ in range(0, rows, GROUP):
            values = {name: random.normal(place, 1 + place, GROUP) for place, name in enumerate(NAMES)}
            writer.write_table(pa.table(values))


def instar(path: str) -> Callable[[], dict[str, Any]]:
    from instar import prep
    from instar.data.operators import AnyOperator
    from instar.data.preparing.fit import applied

    operators: list[AnyOperator] = [prep.Standardize(*NAMES), prep.MinMax(*AGAIN)]
    prep.fit(operators, pl.DataFrame({name: [1.0, 2.0] for name in NAMES + AGAIN}))  # so that code is loaded
    both = pl.scan_parquet(path).with_columns(pl.col(name).alias(again) for name, again in zip(NAMES, AGAIN))

    def run() -> dict[str, Any]:
        preparation = prep.fit(operators, both)
        total = np.zeros(20)
        for batch in applied(preparation, both):
            total += np.array(batch.frame.sum().row(0))
        return {"total": total.tolist(), "digest": preparation.digest}

    return run


def polars_by_hand(path: str) -> Callable[[], dict[str, Any]]:
    lazy = pl.scan_parquet(path)
    measures = {"mean": pl.Expr.mean, "min": pl.Expr.min, "max": pl.Expr.max}

    def run() -> dict[str, Any]:
        asked = [take(pl.col(name)).alias(f"{word} {name}") for word, take in measures.items() for name in NAMES]
        asked += [pl.col(name).std(ddof=0).alias(f"std {name}") for name in NAMES]
        found = lazy.select(asked).collect(engine="streaming").row(0, named=True)
        scaled = [((pl.col(name) - found[f"mean {name}"]) / found[f"std {name}"]).alias(name) for name in NAMES]
        for name, again in zip(NAMES, AGAIN):
            width = found[f"max {name}"] - found[f"min {name}"]
            scaled.append(((pl.col(name) - found[f"min {name}"]) / width).alias(again))
        total = lazy.select(scaled).select(pl.all().sum()).collect(engine="streaming").row(0)
        return {"total": list(total)}

    return run


def run(small: bool = False) -> None:
    """Print the figures."""
    rows = 500_000 if small else 10_000_000
    taken: dict[str, list[Observed]] = {"instar": [], "polars_by_hand": []}
    with tempfile.TemporaryDirectory() as folder:
        path, half = Path(folder, "numbers.parquet"), Path(folder, "half.parquet")
        write(path, rows)
        write(half, rows // 2)
        for _ in range(2 if small else 5):
            for name in taken:
                taken[name].append(observed(f"benchmarks.preparing.scaling:{name}", {"path": str(path)}))
        of_half = observed("benchmarks.preparing.scaling:instar", {"path": str(half)}).megabytes
    print_table("fit and apply, wall", _samples(taken, 0), "s")
    print_table("extra memory", _samples(taken, 1), "MB")
    ours, theirs = (np.array(found[0].result["total"]) for found in taken.values())
    print(f"\ngreatest difference of the sums, a row: {np.abs(ours - theirs).max() / rows:.2g}")
    times = [median(each.seconds for each in found) for found in taken.values()]
    verdict("time, of Polars streaming by hand", times[0] / times[1], at_most=1.2)
    memory = median(each.megabytes for each in taken["instar"])
    verdict("extra memory, of that for half the rows", memory / of_half, at_most=1.25)
    verdict("different bytes in all runs", len({each.result["digest"] for each in taken["instar"]}), at_most=1)


def _samples(taken: dict[str, list[Observed]], place: int) -> dict[str, Sample]:
    return {name: Sample(tuple(float(each[place]) for each in found)) for name, found in taken.items()}
