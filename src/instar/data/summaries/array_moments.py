"""Means and variances of many values a row, each by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.data.summaries.scatter import matrix_of
from instar.data.summaries.summary import Summary, column_of, same, summary
from instar.data.values.series import groups
from instar.data.values.spectra import Transform, energies

Floats = NDArray[np.float64]


@summary("array_moments")
@dataclass(frozen=True, eq=False)
class ArrayMoments(Summary):
    """Count, mean and squared deviation of the finite numbers at each place of the columns side by side.

    With ``transform``, the columns are one series a row, and the numbers are the energies of its coefficients; a series
    with a missing or infinite point is left out whole, and all must have the same points.

    points : values a row that are read;  n, mean, m2 : as in Moments, each of shape (values,)

    >>> one, two = pl.DataFrame({"x": [[1.0, 5.0]]}), pl.DataFrame({"x": [[3.0, None]]})
    >>> array = pl.Array(pl.Float64, 2)
    >>> both = ArrayMoments.of(one.cast(array), "x") | ArrayMoments.of(two.cast(array), "x")
    >>> both.n.tolist(), both.mean.tolist(), both.variance().tolist()
    ([2, 1], [2.0, 5.0], [1.0, 0.0])
    """

    guarantee = "counts exact; means and deviations within 1e-12, relative to the greatest value, in any order"
    points: int = 0
    n: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    mean: Floats = field(default_factory=lambda: np.empty(0))
    m2: Floats = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, transform: Transform | None = None) -> Self:
        points, values = _values(frame, columns, transform)
        seen = np.isfinite(values)
        n = seen.sum(axis=0)
        known = np.where(seen, values, 0.0)
        mean = known.sum(axis=0) / np.maximum(n, 1)
        apart = np.where(seen, known - mean, 0.0)
        return cls(points, n.astype(np.int64), mean, (apart * apart).sum(axis=0))

    def variance(self) -> Floats:
        """Of the values as a whole population, shape (values,); 0 where there is none."""
        found: Floats = self.m2 / np.maximum(self.n, 1)
        return found

    def __or__(self, other: Self) -> Self:
        if not self.points or not other.points:
            return self if self.points else other
        same(self.points, other.points, "array moments: points")
        n = self.n + other.n
        share = other.n / np.maximum(n, 1)
        gap = np.where((self.n > 0) & (other.n > 0), other.mean - self.mean, 0.0)
        mean = np.where(self.n > 0, self.mean, other.mean) + gap * share
        return type(self)(self.points, n, mean, self.m2 + other.m2 + gap * gap * self.n * share)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayMoments) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def _plain(self) -> Any:
        return [self.points, self.n.tolist(), self.mean.astype("<f8").tobytes(), self.m2.astype("<f8").tobytes()]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        points, n, mean, m2 = plain
        numbers = (np.frombuffer(each, dtype="<f8").astype(np.float64) for each in (mean, m2))
        return cls(points, np.array(n, dtype=np.int64), *numbers)


def _values(frame: pl.DataFrame, columns: tuple[str, ...], transform: Transform | None) -> tuple[int, Floats]:
    if transform is None:
        values = matrix_of(frame, columns, "array moments")
        return values.shape[1], values
    series = pl.DataFrame([column_of(frame, name, "array moments") for name in columns])
    found = [values for _, values in groups(series)]
    lengths = sorted({values.shape[1] for values in found})
    if len(lengths) > 1 or 0 in lengths:
        raise BadInput(
            f"series of {' and '.join(map(str, lengths))} points in {', '.join(columns)}: a transform needs series of "
            "one length, at least 1; cut or fill them to the same length first"
        )
    return (lengths[0], energies(found[0], transform)) if lengths else (0, np.empty((0, 0)))
