"""Rows of a sample as numbers: what operators hold that compare a row with others."""

from __future__ import annotations

from functools import cached_property
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.data.operators.types import finite
from instar.data.rows.batch import Batch
from instar.data.summaries import Sample

Floats = NDArray[np.float64]


class SampledRows(msgspec.Struct, frozen=True, dict=True):
    """The different rows drawn by a Sample, as numbers.

    width : columns;  values : float64, little endian, row after row, NaN where missing or infinite;  counts : copies
    seen : rows of the table;  centres, spreads : of each column in the sample, copies counted (1 for a constant)
    """

    width: int
    values: bytes
    counts: tuple[int, ...]
    seen: int
    centres: tuple[float, ...]
    spreads: tuple[float, ...]

    @classmethod
    def of(cls, sample: Sample, step: str, complete: bool = False) -> Self:
        """complete : leave out rows with a missing or infinite value

        Raises BadInput when the values are too large to compute with.
        """
        frame = sample.frame
        values = matrix_of(Batch(frame))
        counts = sample.counts
        if complete:
            whole = np.isfinite(values).all(axis=1)
            values, counts = values[whole], counts[whole]
        spans = [_span(values[:, at], counts, step, name) for at, name in enumerate(frame.columns)]
        return cls(
            frame.width, values.astype("<f8").tobytes(), tuple(counts.tolist()), sample.rows,
            tuple(centre for centre, _ in spans), tuple(spread for _, spread in spans),
        )  # fmt: skip

    @property
    def kept(self) -> int:
        return len(self.counts)

    @cached_property
    def matrix(self) -> Floats:
        """Shape (rows kept, width), in the units of the columns."""
        return np.frombuffer(self.values, dtype="<f8").astype(np.float64).reshape(self.kept, self.width)

    @cached_property
    def scaled(self) -> Floats:
        return self.scale(self.matrix)

    @cached_property
    def copies(self) -> NDArray[np.int64]:
        return np.array(self.counts, dtype=np.int64)

    def scale(self, rows: Floats) -> Floats:
        """Minus the centres, divided by the spreads."""
        shifted: Floats = (rows - np.array(self.centres)) / np.array(self.spreads)
        return shifted

    def words(self) -> str:
        """How many rows it stands for."""
        if sum(self.counts) == self.seen:
            return f"all {self.seen} rows"
        return f"a sample of {self.kept} different rows of {self.seen}"


def matrix_of(rows: Batch) -> Floats:
    """The columns as numbers, NaN where missing or infinite, shape (rows, width)."""
    values = rows.matrix()
    assert isinstance(values, np.ndarray)
    return np.where(np.isfinite(values), values, np.nan) + 0.0  # -0.0 is 0.0


def distances(rows: Floats, others: Floats) -> Floats:
    """Euclidean, shape (rows, others). Column by column, so that a row gives the same alone and among others.

    >>> distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
    [[5.0, 1.0]]
    """
    total = np.zeros((rows.shape[0], others.shape[0]))
    with np.errstate(over="ignore", invalid="ignore"):
        for at in range(rows.shape[1]):
            total += (rows[:, at : at + 1] - others[:, at]) ** 2
    return np.sqrt(total)


def must_be_from(step: str, least: int, **options: int) -> None:
    """Raises BadInput for an option below ``least``."""
    for option, value in options.items():
        if value < least:
            raise BadInput(f"{step}: {option}={value}; give a whole number from {least}")


def _span(values: Floats, counts: NDArray[np.int64], step: str, name: str) -> tuple[float, float]:
    """Mean and standard deviation of the values that are there."""
    there = np.isfinite(values)
    values, weights = values[there], counts[there]
    if not values.size:
        return 0.0, 1.0
    if values.min() == values.max():
        return float(values[0]), 1.0
    with np.errstate(over="ignore"):
        centre = finite(float((values * weights).sum() / weights.sum()), step, name)
        spread = finite(float(np.sqrt(((values - centre) ** 2 * weights).sum() / weights.sum())), step, name)
    return centre, spread if spread > 1e-300 else 1.0
