"""Values that are suspicious beside the others of their column: far outside, or spelt in two ways."""

from __future__ import annotations

import re
from collections.abc import Mapping

from instar.data.profile.bins import counted
from instar.data.summaries import QuantileGrid

FAR = 3.0  # distances between the quartiles beyond which a value is extreme (Tukey's outer fence)
RARE = 0.005  # share of the rows up to which such values are suspicious: a column of many is skewed, not wrong
FEWEST = 20  # values below which nothing is far from the others
SHOWN = 3
_SPACE = re.compile(r"\s+")


def far_values(grid: QuantileGrid, low: float, high: float) -> tuple[float, float, float] | None:
    """(lower fence, upper fence, rows beyond them) when few rows lie beyond Tukey's outer fences, else None.

    Source: Tukey (1977), Exploratory Data Analysis: the quartiles and 3 times their distance.
    """
    first, third = grid.quantile(0.25), grid.quantile(0.75)
    if grid.n < FEWEST or first is None or third is None or third <= first:
        return None
    below, above = first - FAR * (third - first), third + FAR * (third - first)
    if low >= below and high <= above:
        return None
    inside = counted(grid, [min(low, below), below, above, max(high, above)]).counts[1]
    rows = max(grid.n - inside, (low < below) + (high > above))
    return (below, above, rows) if rows <= RARE * grid.n else None


def spellings(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Values that differ only in case and spaces, each group with its commonest spelling first, the commonest groups first.

    >>> spellings({"Rio": 9, "rio ": 1, "Natal": 3})
    [('Rio', 'rio ')]
    """
    groups: dict[str, list[str]] = {}
    for value in counts:
        groups.setdefault(_SPACE.sub(" ", value.strip()).casefold(), []).append(value)
    ranked = [sorted(group, key=lambda value: (-counts[value], value)) for group in groups.values() if len(group) > 1]
    ranked.sort(key=lambda group: (-sum(counts[value] for value in group), group[0]))
    return [tuple(group) for group in ranked]
