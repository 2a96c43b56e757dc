"""Verbs of a table that are steps of the catalogue: shape, windows, samples. Each is ``through`` under a name of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from instar.data.steps.distinct import Distinct, Keep
from instar.data.steps.drop_columns import DropColumns
from instar.data.steps.drop_outliers import DropOutliers
from instar.data.steps.fill import FillBackward, FillForward
from instar.data.steps.graph_features import EXACT, GraphFeatures
from instar.data.steps.lags import Counts, Lags
from instar.data.steps.options import Names
from instar.data.steps.pivot import Combine, Others, Pivot, Unpivot
from instar.data.steps.samples import Sample, StratifiedSample
from instar.data.steps.step import TableStep
from instar.data.steps.window import Window


class Shaping(ABC):
    """What a table can do by steps of its own; what each option means is said by the step, such as ``steps.Window``."""

    @abstractmethod
    def _through(self, step: TableStep, **others: Any) -> tuple[Self, ...]:
        """The tables of a table step, by its ports."""

    def distinct(self, on: Names, keep: Keep = "first") -> Self:
        """One row of each key: the ``first``, the ``last``, or ``none`` of a key that several rows have."""
        return self._through(Distinct(on, keep))[0]

    def sample(
        self,
        share: float | None = None,
        rows: int | None = None,
        by: Names = (),
        least: int = 1,
        key: Names = (),
        seed: int = 0,
    ) -> Self:
        """Rows by chance, a ``share`` of them or so many ``rows``; with ``by`` of each stratum, at least ``least``.

        Other samples go ``through``: ``steps.WeightedSample``, ``steps.DecayedSample``, ``steps.DensitySample``.
        """
        if by:
            return self._through(StratifiedSample(by, rows, share, least, key, seed))[0]
        return self._through(Sample(rows, share, key, seed))[0]

    def lags(
        self,
        columns: Names,
        lags: Counts = (),
        leads: Counts = (),
        differences: Counts = (),
        by: Names = (),
        time: str = "",
    ) -> Self:
        """Values of rows before and after, and changes since: ``rain.lags("mm", lags=[1, 7], time="date")``."""
        return self._through(Lags(columns, lags, leads, differences, by, time))[0]

    def window(
        self,
        columns: Names,
        rows: int | None = None,
        last: str | float | None = None,
        statistics: Names = "mean",
        current: bool = True,
        least: int = 1,
        by: Names = (),
        time: str = "",
    ) -> Self:
        """Statistics of the last ``rows``, or of the ``last`` stretch: ``rain.window("mm", last="7d", time="date")``."""
        return self._through(Window(columns, rows, last, statistics, current, least, by, time))[0]

    def fill_forward(self, columns: Names, by: Names = (), time: str = "", limit: int | None = None) -> Self:
        """A missing value becomes the last one before it."""
        return self._through(FillForward(columns, by, time, limit))[0]

    def fill_backward(self, columns: Names, by: Names = (), time: str = "", limit: int | None = None) -> Self:
        """A missing value becomes the next one after it."""
        return self._through(FillBackward(columns, by, time, limit))[0]

    def pivot(
        self, names: str, values: str, into: Names, by: Names, combine: Combine = "refuse", rest: Others = "refuse"
    ) -> Self:
        """Long to wide: ``readings.pivot("station", "mm", into=["Oslo", "Bergen"], by="date")``."""
        return self._through(Pivot(names, values, into, by, combine, rest))[0]

    def unpivot(self, columns: Names, names: str = "name", values: str = "value") -> Self:
        """Wide to long: a row for each of ``columns``."""
        return self._through(Unpivot(columns, names, values))[0]

    def graph_features(
        self,
        source: str,
        target: str,
        weight: str = "",
        features: Names = EXACT,
        directed: bool = True,
        damping: float = 0.85,
        tolerance: float = 1e-10,
        iterations: int = 1000,
        seed: int = 0,
    ) -> Self:
        """From a table of edges one row a node: degrees, PageRank, triangles, communities."""
        return self._through(
            GraphFeatures(source, target, weight, features, directed, damping, tolerance, iterations, seed)
        )[0]

    def drop_outliers(self, score: str, above: float | None = None, share: float | None = None) -> tuple[Self, Self]:
        """The table without rows whose score is too great, and these rows with the reason."""
        kept, dropped = self._through(DropOutliers(score, above, share))
        return kept, dropped

    def drop_columns(self, *columns: str) -> Self:
        """The table without these columns; ``through(steps.DropColumns.planned(profile))`` finds the empty ones."""
        return self._through(DropColumns(columns))[0]
