"""Fewer points of a long metric, for a picture: no peak is lost."""

from __future__ import annotations

from collections.abc import Sequence

from instar.store.records import Metric


def sampled(series: Sequence[Metric], points: int) -> list[Metric]:
    """At most about ``points`` of them: the first, the last, and of equal stretches the smallest and the largest.

    A NaN counts as neither, unless a stretch has nothing else.

    >>> series = [Metric("r", "loss", step, 0, float(step == 50)) for step in range(100)]
    >>> [(point.step, point.value) for point in sampled(series, 6)]
    [(0, 0.0), (1, 0.0), (50, 1.0), (51, 0.0), (99, 0.0)]
    """
    if len(series) <= max(points, 2):
        return list(series)
    stretches = max(1, (points - 2) // 2)
    inner = len(series) - 2
    kept = {0, len(series) - 1}
    for stretch in range(stretches):
        places = range(1 + inner * stretch // stretches, 1 + inner * (stretch + 1) // stretches)
        known = [place for place in places if series[place].value == series[place].value] or places
        kept.add(min(known, key=lambda place: series[place].value))
        kept.add(max(known, key=lambda place: series[place].value))
    return [series[place] for place in sorted(kept)]
