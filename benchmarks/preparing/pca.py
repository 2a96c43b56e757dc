"""Principal components of merged chunks beside the exact ones of all rows in memory, and scikit-learn's IncrementalPCA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from benchmarks.figures import shown, verdict
from benchmarks.preparing.memory import observed
from numpy.typing import NDArray

COLUMNS, COMPONENTS, CHUNKS = 50, 10, 40
Floats = NDArray[np.float64]
SUBJECTS = {"instar": "instar, merged scatter", "incremental": "IncrementalPCA", "in_memory": "sklearn PCA, in memory"}


def run(small: bool = False) -> None:
    from scipy.linalg import subspace_angles

    rows = 20_000 if small else 1_000_000
    values = np.vstack(list(chunks(rows)))
    exact = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)[2][:COMPONENTS].T
    del values
    print(f"\nPCA of {rows:,} rows, {COLUMNS} columns, {COMPONENTS} components, {CHUNKS} chunks")
    print(f"  {'':24}  {'degrees from exact':>18}  {'s':>8}  {'extra MB':>8}")
    degrees = {}
    for subject, name in SUBJECTS.items():
        found = observed(f"benchmarks.preparing.pca:{subject}", {"rows": rows})
        degrees[subject] = float(np.rad2deg(subspace_angles(np.array(found.result).T, exact)).max())
        print(f"  {name:24}  {degrees[subject]:>18.3g}  {shown(found.seconds):>8}  {shown(found.megabytes):>8}")
    verdict("pca: greatest principal angle to the exact subspace, degrees", degrees["instar"], at_most=1e-4)


def chunks(rows: int) -> Any:
    """Rows whose variance falls slowly from component to component, drifting from chunk to chunk."""
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(COLUMNS, COLUMNS)))[0]
    scales = 0.97 ** np.arange(COLUMNS)
    for chunk in range(CHUNKS):
        part = np.random.default_rng(chunk).normal(size=(rows // CHUNKS, COLUMNS)) * scales
        yield part @ turn + 0.01 * chunk + 5.0


def instar(rows: int) -> Callable[[], Any]:
    """One pass over frames, as over the chunks of a dataset; the chunks are made before."""
    from instar import prep
    from instar.data.preparing.fitting import fit

    names = [f"x{place}" for place in range(COLUMNS)]
    frames = [pl.DataFrame(part, schema=names) for part in chunks(rows)]

    def directions() -> Any:
        preparation = fit([prep.Pca(*names, components=COMPONENTS)], frames)
        state: Any = preparation.states[0]
        return state.matrix().tolist()

    return directions


def incremental(rows: int) -> Callable[[], Any]:
    from sklearn.decomposition import IncrementalPCA

    parts = list(chunks(rows))

    def directions() -> Any:
        model = IncrementalPCA(COMPONENTS)
        for part in parts:
            model.partial_fit(part)
        return model.components_.tolist()

    return directions


def in_memory(rows: int) -> Callable[[], Any]:
    from sklearn.decomposition import PCA

    values = np.vstack(list(chunks(rows)))
    return lambda: PCA(COMPONENTS, svd_solver="full").fit(values).components_.tolist()
