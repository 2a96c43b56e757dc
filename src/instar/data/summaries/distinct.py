"""About how many different values a column has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.rows import row_digests
from instar.data.summaries.summary import Summary, column_of, summary

BITS = 12
REGISTERS = 1 << BITS
_TAIL = 64 - BITS  # bits of a digest that are left for the rank


@summary("distinct")
@dataclass(frozen=True)
class Distinct(Summary):
    """A HyperLogLog over the digests of the values: 4,096 registers of one byte. Missing values are left out.

    The merge is a maximum, so it is exact as a merge: any order, any repetition, the same bytes. (The sketch of the
    datasketches library is not: its bytes depend on the order in which values came.) Of several columns it counts the
    combinations of values in which none is missing.
    Source: Ertl (2017), New cardinality estimation algorithms for HyperLogLog sketches, arXiv:1702.01284, algorithm 6.

    >>> one, two = pl.DataFrame({"x": [1, 2, 2]}), pl.DataFrame({"x": [2, 3, None]})
    >>> round((Distinct.of(one, "x") | Distinct.of(two, "x")).estimate)
    3
    """

    guarantee = "merging is exact, in any order; the estimate has a standard error of 1.6 %"
    registers: bytes = bytes(REGISTERS)

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        # The name is part of a row's digest: fixed ones let the same values of two columns meet.
        names = ["value", *(f"value {place}" for place in range(1, len(columns)))]
        values = pl.DataFrame([column_of(frame, name, "distinct").alias(word) for name, word in zip(columns, names)])
        words = row_digests(values.drop_nulls(), names)
        registers = np.zeros(REGISTERS, dtype=np.uint8)
        np.maximum.at(registers, (words >> np.uint64(_TAIL)).astype(np.int64), _ranks(words))
        return cls(registers.tobytes())

    @property
    def estimate(self) -> float:
        """About how many different values there are."""
        counts = np.bincount(np.frombuffer(self.registers, dtype=np.uint8), minlength=_TAIL + 2)
        total = REGISTERS * _tau(1 - counts[_TAIL + 1] / REGISTERS)
        for rank in range(_TAIL, 0, -1):
            total = 0.5 * (total + int(counts[rank]))
        total += REGISTERS * _sigma(counts[0] / REGISTERS)
        return 0.5 / math.log(2) * REGISTERS * REGISTERS / total

    def __or__(self, other: Self) -> Self:
        left = np.frombuffer(self.registers, dtype=np.uint8)
        return type(self)(np.maximum(left, np.frombuffer(other.registers, dtype=np.uint8)).tobytes())

    def _plain(self) -> Any:
        return self.registers

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        return cls(plain)


def _ranks(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The place of the first 1 among the low bits of each word, from 1; one more than there are bits if all are 0."""
    tail = words & np.uint64((1 << _TAIL) - 1)
    exponents = np.frexp(tail.astype(np.float64))[1]  # 52 bits are exact in a float64
    return (_TAIL + 1 - exponents).astype(np.uint8)


def _sigma(x: float) -> float:
    """x plus the sum of x**(2**k) * 2**(k-1); infinite at 1, where every register is empty."""
    if x == 1.0:
        return math.inf
    total, weight, before = x, 1.0, -1.0
    while total != before:
        x *= x
        before, total, weight = total, total + x * weight, 2 * weight
    return total


def _tau(x: float) -> float:
    """A third of (1 - x minus the sum of (1 - x**(2**-k))**2 * 2**-k); 0 at both ends."""
    if x in (0.0, 1.0):
        return 0.0
    total, weight, before = 1 - x, 1.0, -1.0
    while total != before:
        x = math.sqrt(x)
        weight *= 0.5
        before, total = total, total - (1 - x) ** 2 * weight
    return total / 3
