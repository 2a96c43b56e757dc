"""How long a batch takes: a fitted line, robust to the odd slow call."""

from __future__ import annotations

from collections import deque
from statistics import median

MOST_ROWS = 1024
KEPT = 32
SHARE = 0.5  # a row waits at most for the batch before its own, so one batch may take half of the objective


class LatencyModel:
    """Seconds of a batch of n rows, ``fixed + each * n``, both at least 0, for one candidate.

    Sizes are grouped by powers of two; of each group the median of the last calls counts, so that one slow call moves
    nothing, and the line goes through these medians by the median of slopes (Theil 1950, Sen 1968).

    >>> model = LatencyModel(objective=0.020)
    >>> for n in [1, 8, 64] * 8:
    ...     model.saw(n, 0.001 + 0.0001 * n)
    >>> round(model.fixed, 4), round(model.each, 5), model.cap
    (0.001, 0.0001, 90)
    """

    def __init__(self, objective: float) -> None:
        """objective : seconds within which a request should be answered"""
        self.objective = objective
        self.fixed = 0.0
        self.each = 0.0
        self.cap = 8  # rows; grows as larger batches are seen to be fast enough
        self._seen: dict[int, tuple[deque[int], deque[float]]] = {}
        self._calls = 0

    def saw(self, rows: int, seconds: float) -> None:
        """Take one batch into account; the line is fitted again at the first calls and then at every eighth."""
        group = rows.bit_length()
        if group not in self._seen:
            self._seen[group] = (deque(maxlen=KEPT), deque(maxlen=KEPT))
        sizes, times = self._seen[group]
        sizes.append(rows)
        times.append(seconds)
        self._calls += 1
        if self._calls < 32 or self._calls % 8 == 0:
            self._fit()

    def _fit(self) -> None:
        points = [(median(sizes), median(times)) for sizes, times in self._seen.values()]
        slopes = [(t2 - t1) / (n2 - n1) for i, (n1, t1) in enumerate(points) for n2, t2 in points[i + 1 :] if n2 != n1]
        self.each = max(0.0, median(slopes)) if slopes else 0.0
        self.fixed = max(0.0, median(t - self.each * n for n, t in points))
        self.cap = self._cap()

    def _cap(self) -> int:
        """The largest batch inside the share of the objective, at most twice what was ever seen."""
        known = max(sizes[-1] for sizes, _ in self._seen.values())
        room = self.objective * SHARE - self.fixed
        fits = MOST_ROWS if not self.each else int(room / self.each)
        return max(1, min(fits, max(8, 2 * known), MOST_ROWS))
