"""Cuts of equal depth through values that may tie: every bin has values, and no bin is lost."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from instar.data.summaries import QuantileGrid

Numbers = NDArray[np.float64]
LEAST = 512  # values kept of a chunk: a rank error of at most 1/1024, below 0.1 %


def values_kept(bins: int) -> int:
    """How many values a chunk keeps: at least eight a bin, so that a bin is off by at most an eighth of its depth."""
    return max(LEAST, 8 * bins)


@dataclass(frozen=True)
class Depths:
    """edges : ascending; an edge belongs to the bin above it;  shares : of the values seen in each bin, about"""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def equal_depth(grid: QuantileGrid, bins: int) -> Depths:
    """Edges at the shares 1/bins, 2/bins, … of the values seen, each off by at most 1/(2m) of all rows in rank.

    No edge can part equal values. One that would fall among many equal values (a heavy one) moves to their nearer side;
    when both sides are taken, it goes where it is of use: it halves the deepest bin that still has different values. So
    there are ``bins`` bins, or as many as there are different values in the grid, and each has at least one value.
    """
    values, sums = _distinct(grid)
    known = all(n <= grid.m for n in grid.rows)
    heavy = np.diff(sums, prepend=0.0) > (0.0 if known else 1.5 * grid.n / grid.m)
    places = sorted(_places(sums, heavy, bins))
    edges = tuple(_edge(values, place, known, bool(heavy[place])) for place in places)
    ends = [0.0, *(float(sums[place]) for place in places), float(sums[-1]) if sums.size else 0.0]
    shares = tuple((high - low) / (ends[-1] or 1.0) for low, high in pairwise(ends))
    return Depths(edges, shares)


def _distinct(grid: QuantileGrid) -> tuple[Numbers, Numbers]:
    """The different values kept, ascending, and how many rows are at or below each."""
    values = np.unique(grid.values)
    return values, grid.at_or_below(values)


def _places(sums: Numbers, heavy: NDArray[np.bool_], bins: int) -> set[int]:
    """Where to cut: place p is between the p-th value and the next. heavy : values with an own claim to their sides"""
    last = sums.size - 2
    wanted = min(bins - 1, last + 1)
    if wanted < 1:
        return set()
    below = np.concatenate([[0.0], sums])
    places: set[int] = set()
    for share in range(1, bins):
        rank = sums[-1] * share / bins
        at = min(int(np.searchsorted(sums, rank, side="left")), last + 1)
        before = rank - below[at] < sums[at] - rank if heavy[at] else rank != sums[at]
        place = at - 1 if before else at
        if 0 <= place <= last:
            places.add(place)
    return _with_spare_cuts(places, sums, wanted)


def _with_spare_cuts(places: set[int], sums: Numbers, wanted: int) -> set[int]:
    """Cuts that are left over halve the deepest bins, until there are ``wanted``."""
    if len(places) >= wanted:
        return places
    below = np.concatenate([[0.0], sums])
    ordered = [-1, *sorted(places), sums.size - 1]
    heap = [_bin(below, low, high) for low, high in pairwise(ordered) if high - low > 1]
    heapq.heapify(heap)
    while len(places) < wanted:
        _, low, high = heapq.heappop(heap)
        middle = (below[low + 1] + below[high + 1]) / 2
        nearest = np.abs(below[low + 2 : high + 1] - middle)
        place = low + 1 + int(np.argmin(nearest))
        places.add(place)
        for part in ((low, place), (place, high)):
            if part[1] - part[0] > 1:
                heapq.heappush(heap, _bin(below, *part))
    return places


def _bin(below: Numbers, low: int, high: int) -> tuple[float, int, int]:
    """The bin between two cuts, the deepest first."""
    return (-float(below[high + 1] - below[low + 1]), low, high)


def _edge(values: Numbers, place: int, known: bool, heavy: bool) -> float:
    """A number above the value before the cut, and not above the value after it.

    Halfway when all values are ``known``. Else directly above a heavy value, so that its bin holds nothing above it; or
    the value after the cut, whose rank is known best.
    """
    low, high = float(values[place]), float(values[place + 1])
    if known:
        halfway = low / 2 + high / 2
        return halfway if low < halfway <= high else high
    return math.nextafter(low, math.inf) if heavy else high
