"""Quantiles that merge, with a stated error and the same result every time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.data.summaries.summary import Summary, numbers_of, same, summary

Numbers = NDArray[np.float64]


@summary("quantile_grid")
@dataclass(frozen=True, eq=False)
class QuantileGrid(Summary):
    """The finite numbers of a column, each part by at most ``m`` of its order statistics.

    A part of n > m values keeps its m midpoint quantiles, each with the weight n/m; a smaller part keeps all. A merge
    concatenates, so the error does not grow with the number of parts. A part takes 8 m bytes.

    m : the most values kept of a part;  rows : values seen in each part;  values : what is kept, parts one after another

    >>> one, two = pl.DataFrame({"x": [4, 1]}), pl.DataFrame({"x": [3, 9, 7]})
    >>> (QuantileGrid.of(one, "x") | QuantileGrid.of(two, "x")).quantile(0.5)
    4.0
    """

    guarantee = "a quantile is off by at most 1/(2m) of all rows in rank, however many parts; parts in their order"
    m: int = 512
    rows: tuple[int, ...] = ()
    values: Numbers = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, m: int = 512) -> Self:
        [name] = columns
        # Polars sorts in a third of numpy's time. -0.0 becomes 0.0.
        values = pl.Series(numbers_of(frame, name, "quantile grid")).sort().to_numpy()
        n = values.size
        if n > m:
            values = values[((2 * np.arange(m) + 1) * n) // (2 * m)]
        return cls(m, (n,) if n else (), values + 0.0)

    @property
    def n(self) -> int:
        """Values seen."""
        return sum(self.rows)

    def quantile(self, share: float) -> float | None:
        """The value with ``share`` (0 to 1) of the values at or below it; None when no value was seen.

        Where two values have an equal claim, it is halfway between them, as the median of an even count is.
        """
        if not self.rows:
            return None
        order = np.argsort(self.values, kind="stable")
        values, below = self.values[order], np.cumsum(self._weights()[order])
        wanted = share * self.n
        at = min(int(np.searchsorted(below, wanted, side="left")), values.size - 1)
        here = float(values[at])
        if below[at] != wanted or at + 1 == values.size:
            return here
        return here + (float(values[at + 1]) - here) / 2

    def at_or_below(self, values: Numbers) -> Numbers:
        """How many of the values seen are at or below each of ``values``, within 1/(2m) of all rows.

        >>> QuantileGrid.of(pl.DataFrame({"x": [1, 2, 2, 5]}), "x").at_or_below(np.array([0.0, 2.0, 9.0])).tolist()
        [0.0, 3.0, 4.0]
        """
        order = np.argsort(self.values, kind="stable")
        sums = np.concatenate([[0.0], np.cumsum(self._weights()[order])])
        found: Numbers = sums[np.searchsorted(self.values[order], values, side="right")]
        return found

    def _weights(self) -> Numbers:
        sizes = [min(n, self.m) for n in self.rows]
        return np.repeat([n / size for n, size in zip(self.rows, sizes)], sizes)

    def __or__(self, other: Self) -> Self:
        same(self.m, other.m, "quantile grid")
        return type(self)(self.m, self.rows + other.rows, np.concatenate([self.values, other.values]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuantileGrid) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def _plain(self) -> Any:
        return [self.m, list(self.rows), self.values.astype("<f8").tobytes()]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        m, rows, values = plain
        return cls(m, tuple(rows), np.frombuffer(values, dtype="<f8").astype(np.float64))
