"""How far a row lies from its nearest neighbours: by itself, and beside how far those lie from theirs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.operators.outliers.score import must_name, scored, with_score
from instar.data.operators.sampled import Floats, SampledRows, distances, must_be_from
from instar.data.operators.types import number
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of, Sample

Distance = Literal["kth", "mean"]
_TINY = 1e-10  # keeps the density of equal rows finite, as in scikit-learn


@dataclass(frozen=True)
class Near:
    """The nearest sampled rows of some rows, each as often as it occurs, k together.

    places, distances, weights : shape (rows, at most k + 1); a weight is how many of the k neighbours the place stands for
    """

    places: NDArray[np.intp]
    distances: Floats
    weights: Floats

    def kth(self) -> Floats:
        """The distance of the last neighbour, shape (rows,)."""
        return _rowwise_max(np.where(self.weights > 0, self.distances, 0.0))

    def mean(self, values: Floats) -> Floats:
        """The mean over the neighbours of ``values``, shape (rows, at most k + 1)."""
        total, weight = np.zeros(values.shape[0]), np.zeros(values.shape[0])
        for at in range(values.shape[1]):  # one after another: a sum along an axis may round otherwise for one row
            total += np.where(self.weights[:, at] > 0, values[:, at], 0.0) * self.weights[:, at]
            weight += self.weights[:, at]
        return total / weight


class Neighbours(msgspec.Struct, frozen=True, dict=True):
    """rows : the sampled rows;  k : neighbours"""

    rows: SampledRows
    k: int

    @property
    def enough(self) -> bool:
        """Whether a row always has a neighbour besides itself."""
        return sum(self.rows.counts) > 1

    def near(self, rows: Floats) -> Near:
        """Of scaled rows; one copy of an equal row is left out, since a row is no neighbour of itself."""
        apart = distances(rows, self.rows.scaled)
        places = nearest(apart, self.k + 1)
        found = np.take_along_axis(apart, places, axis=1)
        copies = self.rows.copies[places]
        copies[:, 0] -= found[:, 0] == 0
        before = np.cumsum(copies, axis=1) - copies
        return Near(places, found, np.clip(self.k - before, 0, copies).astype(np.float64))

    @cached_property
    def _near(self) -> tuple[Floats, Floats]:
        """Of each sampled row: the distance to its kth neighbour, and its density."""
        near = [self.near(self.rows.scaled[at : at + 256]) for at in range(0, self.rows.kept, 256)]
        reach = np.concatenate([one.kth() for one in near])
        return reach, np.concatenate([_density(one, reach) for one in near])

    def distance(self, rows: Floats, which: Distance) -> Floats:
        near = self.near(self.rows.scale(rows))
        return near.kth() if which == "kth" else near.mean(near.distances)

    def factor(self, rows: Floats) -> Floats:
        reach, density = self._near
        near = self.near(self.rows.scale(rows))
        return near.mean(density[near.places]) / _density(near, reach)


def nearest(apart: Floats, count: int) -> NDArray[np.intp]:
    """The places of the ``count`` least distances of each row, ascending, ties by place; shape (rows, at most count).

    A stable sort gives the same; it is left to the rows in which more than ``count`` are at most as far as the last.

    >>> nearest(np.array([[3.0, 1.0, 2.0], [1.0, 0.0, 1.0]]), 2).tolist()
    [[1, 2], [1, 0]]
    """
    if apart.shape[1] <= count:
        return np.argsort(apart, axis=1, kind="stable")
    last = np.partition(apart, count - 1, axis=1)[:, count - 1 : count]
    near = apart <= last
    plain = near.sum(axis=1) == count
    places = np.empty((apart.shape[0], count), dtype=np.intp)
    found = np.nonzero(near[plain])[1].reshape(-1, count)
    order = np.argsort(np.take_along_axis(apart[plain], found, axis=1), axis=1, kind="stable")
    places[plain] = np.take_along_axis(found, order, axis=1)
    places[~plain] = np.argsort(apart[~plain], axis=1, kind="stable")[:, :count]
    return places


def _density(near: Near, reach: Floats) -> Floats:
    """1 / the mean reachability distance: the distance to a neighbour, at least as far as that one's own kth."""
    return 1.0 / (near.mean(np.maximum(near.distances, reach[near.places])) + _TINY)


def _rowwise_max(values: Floats) -> Floats:
    return np.asarray(values.max(axis=1))


class Compared(RowsOperator[Neighbours]):
    """A score by the nearest rows of a sample."""

    k: int
    rows: int
    into: str
    seed: int

    def _checked(self, columns: tuple[str, ...], k: int, rows: int, into: str, seed: int, **options: Any) -> None:
        step = type(self).__name__
        must_be_from(step, 1, k=k)
        if rows <= k:
            raise BadInput(f"{step}: a sample of rows={rows} has no {k} neighbours; give more than k rows")
        self._set(columns, k=k, rows=rows, into=into, seed=seed, **options)
        must_name(into, columns, step)

    def writes(self) -> tuple[str, ...]:
        return (self.into,)

    def output(self, schema: Schema, state: Neighbours | None = None) -> Schema:
        for name in self.columns:
            number(schema, name, type(self).__name__)
        return with_score(schema, self.into, type(self).__name__)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass."""
        return {} if "rows" in known else {"rows": Of(Sample, *self.columns, k=self.rows, seed=self.seed)}

    def fit(self, summaries: Known) -> Neighbours:
        sample = summaries["rows"]
        assert isinstance(sample, Sample)
        return Neighbours(SampledRows.of(sample, type(self).__name__, complete=True), self.k)

    def score(self, rows: Floats, state: Neighbours) -> Floats:
        """Of complete rows."""
        raise TypeError(f"{type(self).__name__} has no score")

    def made(self, rows: Batch, state: Neighbours) -> dict[str, pl.Series | Block]:
        if not state.enough:
            return {self.into: pl.Series(self.into, [None] * rows.height, dtype=pl.Float64)}
        return {self.into: scored(rows, self.into, lambda values: self.score(values, state))}

    def explain(self, state: Neighbours) -> str:
        how = f"{self.into} compares with the {self.k} nearest of {state.rows.words()}"
        return "\n".join(
            f"{name}: {how}, scaled by {spread:.6g}" for name, spread in zip(self.columns, state.rows.spreads)
        )


@operator("neighbour_score", state=Neighbours)
@dataclass(frozen=True, init=False)
class NeighbourScore(Compared):
    """Add ``into``: the distance to the ``k``th nearest row of a sample, or the mean of the distances to the k nearest.

    Euclidean, columns divided by their standard deviation in the sample: at most ``rows`` different complete rows, drawn
    by ``seed`` (a smaller table is kept whole); a row that occurs n times is n neighbours. One copy of a row equal to
    the one scored is left out, so that a training row is no neighbour of itself; with fewer than k others all count.

    A row with a missing value has no score, one with an infinite value an infinite one; with fewer than two complete
    rows in training no row has one. The sample is part of the state; a row costs a pass over it.
    Source: Ramaswamy, Rastogi & Shim (2000), Efficient algorithms for mining outliers from large data sets, SIGMOD.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [0.0, 1.0, 2.0, 9.0]})
    >>> fit([NeighbourScore("x", k=1)], [rows]).apply(rows).frame["outlier"].round(2).to_list()
    [0.28, 0.28, 0.28, 1.98]
    """

    columns: tuple[str, ...]
    k: int = 5
    of: Distance = "kth"
    rows: int = 2000
    into: str = "outlier"
    seed: int = 0

    def __init__(
        self, *columns: str, k: int = 5, of: Distance = "kth", rows: int = 2000, into: str = "outlier", seed: int = 0
    ) -> None:
        if of not in get_args(Distance):
            raise BadInput(f"NeighbourScore: unknown of={of!r}; use one of {', '.join(get_args(Distance))}")
        self._checked(columns, k, rows, into, seed, of=of)

    def score(self, rows: Floats, state: Neighbours) -> Floats:
        return state.distance(rows, self.of)


@operator("local_outlier_factor", state=Neighbours)
@dataclass(frozen=True, init=False)
class LocalOutlierFactor(Compared):
    """Add ``into``: how much less dense a row lies than its ``k`` nearest neighbours in a sample; about 1 is ordinary.

    lrd(x) = 1 / mean over the neighbours o of max(distance(x, o), distance of o to its own kth neighbour);
    factor(x) = mean over o of lrd(o) / lrd(x). Sample, scaling, equal and incomplete rows as in NeighbourScore. On the
    rows of a table that is kept whole it is scikit-learn's ``-negative_outlier_factor_``, on new ones its
    ``-score_samples`` with ``novelty=True``, both on scaled columns.
    Source: Breunig, Kriegel, Ng & Sander (2000), LOF: identifying density-based local outliers, SIGMOD.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, 9.0]})
    >>> fit([LocalOutlierFactor("x", k=2)], [rows]).apply(rows).frame["outlier"].round(2).to_list()
    [1.0, 1.0, 1.0, 1.0, 4.33]
    """

    columns: tuple[str, ...]
    k: int = 20
    rows: int = 2000
    into: str = "outlier"
    seed: int = 0

    def __init__(self, *columns: str, k: int = 20, rows: int = 2000, into: str = "outlier", seed: int = 0) -> None:
        self._checked(columns, k, rows, into, seed)

    def score(self, rows: Floats, state: Neighbours) -> Floats:
        return state.factor(rows)
