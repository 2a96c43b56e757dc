"""How far a row lies from the clusters of the others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import polars as pl

from instar.base.schema import Schema
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.operators.outliers.score import must_name, scored, with_score
from instar.data.operators.sampled import Floats, SampledRows, distances, must_be_from
from instar.data.operators.types import number
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of, Sample


class Clusters(msgspec.Struct, frozen=True, dict=True):
    """centres : float64, little endian, in spreads from the mean;  means, spreads : of each column in the sample
    typical : the mean distance of the sampled rows to their centre;  count : clusters;  rows : in words
    """

    centres: bytes
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    typical: float
    count: int
    rows: str

    @cached_property
    def matrix(self) -> Floats:
        """Shape (clusters, columns)."""
        return np.frombuffer(self.centres, dtype="<f8").astype(np.float64).reshape(self.count, len(self.means))

    def nearest(self, rows: Floats) -> Floats:
        """The distance of each row to the nearest centre, shape (rows,)."""
        shifted = (rows - np.array(self.means)) / np.array(self.spreads)
        return np.asarray(distances(shifted, self.matrix).min(axis=1) / self.typical)


@operator("cluster_score", state=Clusters)
@dataclass(frozen=True, init=False)
class ClusterScore(RowsOperator[Clusters]):
    """Add ``into``: the distance to the nearest of ``clusters`` centres, in mean distances of the sampled rows to theirs.

    So 1 is ordinary. Columns are shifted and scaled to mean 0 and standard deviation 1 in the sample; the centres are
    those of scikit-learn's KMeans on a sample of at most ``rows`` different complete rows (drawn by ``seed``, weighted by
    how often each occurs). Where every sampled row is a centre, or none was complete, distances are not divided.

    A row with a missing value has no score, one with an infinite value an infinite one; without a complete row in
    training no row has one.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [0, 1, 0, 50, 51, 50, 25], "y": [0, 0, 1, 50, 50, 51, 25]})
    >>> fit([ClusterScore("x", "y", clusters=2)], [rows]).apply(rows).frame["outlier"].arg_max()
    6
    """

    columns: tuple[str, ...]
    clusters: int = 8
    rows: int = 2000
    into: str = "outlier"
    seed: int = 0

    def __init__(
        self, *columns: str, clusters: int = 8, rows: int = 2000, into: str = "outlier", seed: int = 0
    ) -> None:
        must_be_from("ClusterScore", 1, clusters=clusters, rows=rows)
        self._set(columns, clusters=clusters, rows=rows, into=into, seed=seed)
        must_name(into, columns, "ClusterScore")

    def writes(self) -> tuple[str, ...]:
        return (self.into,)

    def output(self, schema: Schema, state: Clusters | None = None) -> Schema:
        for name in self.columns:
            number(schema, name, "ClusterScore")
        return with_score(schema, self.into, "ClusterScore")

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass."""
        return {} if "rows" in known else {"rows": Of(Sample, *self.columns, k=self.rows, seed=self.seed)}

    def fit(self, summaries: Known) -> Clusters:
        sample = summaries["rows"]
        assert isinstance(sample, Sample)
        rows = SampledRows.of(sample, "ClusterScore", complete=True)
        centres = _centres(rows, min(self.clusters, rows.kept), self.seed)
        found = Clusters(
            centres.astype("<f8").tobytes(), rows.centres, rows.spreads, 1.0, centres.shape[0], rows.words()
        )
        if not rows.kept:
            return found
        apart = found.nearest(rows.matrix)
        typical = float((apart * rows.copies).sum() / rows.copies.sum())
        return msgspec.structs.replace(found, typical=typical if typical > 1e-12 else 1.0)

    def made(self, rows: Batch, state: Clusters) -> dict[str, pl.Series | Block]:
        if not state.count:
            return {self.into: pl.Series(self.into, [None] * rows.height, dtype=pl.Float64)}
        return {self.into: scored(rows, self.into, state.nearest)}

    def explain(self, state: Clusters) -> str:
        how = f"{self.into} is the distance to the nearest of {state.count} clusters of {state.rows}"
        return "\n".join(f"{name}: {how}, scaled by {spread:.6g}" for name, spread in zip(self.columns, state.spreads))


def _centres(rows: SampledRows, count: int, seed: int) -> Floats:
    """By KMeans on one thread: several add up in the order in which they end, and so round otherwise."""
    if not count:
        return np.empty((0, rows.width))
    if count == rows.kept:
        return rows.scaled
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        found = KMeans(count, n_init=3, random_state=seed).fit(rows.scaled, sample_weight=rows.copies)
    return np.asarray(found.cluster_centers_, dtype=np.float64)
