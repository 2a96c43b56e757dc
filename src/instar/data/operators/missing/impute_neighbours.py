"""Missing numbers from the most similar rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.missing.missing import Seen, gaps, gaps_wanted
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.sampled import Floats, SampledRows, matrix_of, must_be_from
from instar.data.operators.types import number, retyped
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of, Sample

Weights = Literal["uniform", "distance"]


class Donors(msgspec.Struct, frozen=True):
    """rows : those that values are taken from;  columns : what was missing in training"""

    rows: SampledRows
    columns: dict[str, Seen]


@operator("impute_neighbours", state=Donors)
@dataclass(frozen=True, init=False)
class ImputeNeighbours(RowsOperator[Donors]):
    """Fill missing numbers with the mean of the ``k`` most similar rows of a sample that have the value.

    Similar: the least distance sqrt(w/p · sum ((x - y)/spread)²) over the p of the w columns that both rows have; spread
    is the column's standard deviation in the sample. Equally near rows come in the order of their digests; a row that
    occurs n times is n rows. weights : ``uniform``, or ``distance``: each by 1/distance, rows at distance 0 alone.
    rows : the most different rows kept (drawn by ``seed``; a smaller table is kept whole, and then this is
    scikit-learn's KNNImputer on columns scaled by their standard deviation). They are part of the state, and one hole
    costs a pass over them: 2,000 rows of 10 columns are 160 kB.

    Gives float64. Where no row is comparable the mean is filled in; a column without any value stays missing. An
    infinite value is no basis of comparison, and stays.
    Source: Troyanskaya et al. (2001), Missing value estimation methods for DNA microarrays, Bioinformatics 17(6).

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Budget": [1, 1, 9, 9], "Runtime": [80, None, 150, 140]})
    >>> fit([ImputeNeighbours("Budget", "Runtime", k=1)], [films]).apply(films).frame["Runtime"].to_list()
    [80.0, 80.0, 150.0, 140.0]
    """

    columns: tuple[str, ...]
    k: int = 5
    weights: Weights = "uniform"
    rows: int = 2000
    seed: int = 0

    def __init__(
        self, *columns: str, k: int = 5, weights: Weights = "uniform", rows: int = 2000, seed: int = 0
    ) -> None:
        must_be_from("ImputeNeighbours", 1, k=k, rows=rows)
        if weights not in get_args(Weights):
            raise BadInput(f"ImputeNeighbours: unknown weights {weights!r}; use one of {', '.join(get_args(Weights))}")
        if len(columns) == 1:
            raise BadInput(f'ImputeNeighbours: {columns[0]!r} alone has no neighbours; name others, or use Impute("…")')
        self._set(columns, k=k, weights=weights, rows=rows, seed=seed)

    def output(self, schema: Schema, state: Donors | None = None) -> Schema:
        found = [number(schema, name, "ImputeNeighbours") for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64") for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass."""
        wanted = gaps_wanted(self.columns, known)
        if "rows" not in known:
            wanted["rows"] = Of(Sample, *self.columns, k=self.rows, seed=self.seed)
        return wanted

    def fit(self, summaries: Known) -> Donors:
        sample = summaries["rows"]
        assert isinstance(sample, Sample)
        return Donors(SampledRows.of(sample, "ImputeNeighbours"), gaps(self.columns, summaries).columns)

    def made(self, rows: Batch, state: Donors) -> dict[str, pl.Series | Block]:
        series = {name: rows.frame.get_column(name).cast(pl.Float64) for name in self.columns}
        holes = np.column_stack([one.is_null().to_numpy() for one in series.values()])
        if not holes.any():
            return dict(series)
        values = matrix_of(rows)
        filled = np.column_stack([one.fill_null(float("nan")).to_numpy() for one in series.values()])
        for at in np.flatnonzero(holes.any(axis=1)):
            filled[at, holes[at]] = self._filled(values[at], np.flatnonzero(holes[at]), state.rows)
        return {name: pl.Series(name, filled[:, at], nan_to_null=True) for at, name in enumerate(self.columns)}

    def _filled(self, row: Floats, holes: NDArray[np.intp], donors: SampledRows) -> Floats:
        """The values of one row's holes, NaN where there is none."""
        with np.errstate(over="ignore"):
            squares = (donors.scaled - donors.scale(row)) ** 2
        shared = ~np.isnan(squares)
        common = shared.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            distances = np.sqrt(len(row) / common * np.where(shared, squares, 0.0).sum(axis=1))
        found = [self._mean(distances, donors.matrix[:, at], (common > 0), donors) for at in holes]
        means = [donors.centres[at] if not np.isnan(donors.matrix[:, at]).all() else np.nan for at in holes]
        return np.where(np.isnan(found), means, found)

    def _mean(self, distances: Floats, values: Floats, usable: NDArray[np.bool_], donors: SampledRows) -> float:
        """Over the nearest rows that have a value, until there are k of them."""
        places = np.flatnonzero(usable & ~np.isnan(values))
        nearest = places[np.argsort(distances[places], kind="stable")][: self.k]
        before = np.cumsum(donors.copies[nearest]) - donors.copies[nearest]
        weights = np.clip(self.k - before, 0, donors.copies[nearest]).astype(np.float64)
        if not weights.size:
            return float("nan")
        if self.weights == "distance":
            far = distances[nearest]
            weights = np.where(far == 0, weights, 0.0) if (far[weights > 0] == 0).any() else weights / far
        return float((weights * values[nearest]).sum() / weights.sum())

    def explain(self, state: Donors) -> str:
        how = f"the mean of the {self.k} nearest of {state.rows.words()}"
        return "\n".join(
            f"{name}: a missing value becomes {how} ({seen.missing} of {seen.rows} were missing)"
            for name, seen in state.columns.items()
        )
