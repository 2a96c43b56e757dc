"""Cuts through ordered cells by the minimum description length of the classes in them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """places : a cut at p is before the p-th cell, ascending;  before, after : mean entropy of the classes, in bits"""

    places: tuple[int, ...]
    before: float
    after: float


def cuts(table: Counts) -> Found:
    """The accepted cuts. table : rows by cell and class, shape (cells, classes)

    >>> cuts(np.array([[4, 0], [4, 0], [0, 4], [0, 4]])).places
    (2,)
    """
    sums = np.vstack([np.zeros((1, table.shape[1]), dtype=np.int64), np.cumsum(table, axis=0)])
    places: list[int] = []
    after = 0.0
    waiting = [(0, table.shape[0])]
    while waiting:
        start, end = waiting.pop()
        place = _best(sums, start, end)
        if place is None:
            after += _bits(sums[end] - sums[start])
            continue
        places.append(place)
        waiting += [(start, place), (place, end)]
    rows = int(table.sum()) or 1
    return Found(tuple(sorted(places)), _bits(sums[-1]) / rows, after / rows)


def _best(sums: Counts, start: int, end: int) -> int | None:
    """The cut between the cells ``start`` and ``end`` that leaves the least entropy, if it pays; the first of equal ones."""
    total = sums[end] - sums[start]
    rows = int(total.sum())
    inside = [
        place
        for place in range(start + 1, end)
        if 0 < int((sums[place] - sums[start]).sum()) < rows  # empty cells are no halves
    ]
    if not inside:
        return None
    left = {place: _bits(sums[place] - sums[start]) + _bits(sums[end] - sums[place]) for place in inside}
    place = min(inside, key=lambda each: (left[each], each))
    halves = [sums[place] - sums[start], sums[end] - sums[place]]
    gain = (_bits(total) - left[place]) / rows
    classes = _classes(total)
    spread = classes * _bits(total) / rows - sum(_classes(half) * _bits(half) / int(half.sum()) for half in halves)
    cost = (math.log2(rows - 1) + _log2_subsets(classes) - spread) / rows
    return place if gain > cost else None


def _log2_subsets(classes: int) -> float:
    """log2(3^k - 2)"""
    return math.log2(3**classes - 2)


def _classes(counts: Counts) -> int:
    return int((counts > 0).sum())


def _bits(counts: Iterable[int]) -> float:
    """Rows times the entropy of their classes, in bits. (math.log2, since numpy's last bit depends on the processor.)"""
    found = [int(count) for count in counts if count]
    rows = sum(found)
    return rows * math.log2(rows) - sum(each * math.log2(each) for each in found) if found else 0.0
