"""What goes together in a table: correlations of numbers, and columns that determine others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from instar.data.summaries import Contingency, Of, Pairs
from instar.data.values.dependencies import dependency

MOST_NUMBERS = 30  # columns of numbers whose correlations are taken: their pairs grow with the square
MOST_CATEGORIES = 12  # columns whose pairs are counted
MOST_VALUES = 100  # different values of such a column: a pair of columns has at most so many squared
SURE = 0.5  # share of what guessing the commonest value gets wrong that a column must set right


class Correlations(msgspec.Struct, frozen=True):
    """Pearson's correlation of each two columns, over the rows that have both.

    values : shape (columns, columns), None where two never meet, or one is constant where they do
    left_out : columns of numbers beyond the bound
    """

    columns: tuple[str, ...] = ()
    values: tuple[tuple[float | None, ...], ...] = ()
    left_out: tuple[str, ...] = ()

    def strongest(self, most: int = 10) -> list[tuple[str, str, float]]:
        """The pairs furthest from 0, as (column, column, correlation)."""
        names = enumerate(self.columns)
        pairs = [(one, two, self.values[a][b]) for (a, one), (b, two) in combinations(names, 2)]
        known = [(one, two, value) for one, two, value in pairs if value is not None]
        return sorted(known, key=lambda each: (-abs(each[2]), each[:2]))[:most]


class Determined(msgspec.Struct, frozen=True):
    """That one column tells another.

    accuracy : the chance to guess ``goal`` from the other rows of equal ``given`` (leave-one-out, see Dependency)
    commonest : the share of the commonest value, which is what guessing blindly gets right
    """

    given: str
    goal: str
    accuracy: float
    commonest: float


def wanted_pairs(numbers: Sequence[str]) -> dict[str, Of]:
    """What correlations need."""
    return {"pairs": Of(Pairs, *numbers[:MOST_NUMBERS])} if len(numbers) > 1 else {}


def correlations(numbers: Sequence[str], pairs: Pairs) -> Correlations:
    """Of the columns that vary: a constant or empty one is correlated with nothing."""
    found = pairs.correlation().tolist()
    varies = [at for at in range(len(found)) if found[at][at] == found[at][at]]
    values = tuple(
        tuple(None if found[a][b] != found[a][b] else round(found[a][b], 12) for b in varies) for a in varies
    )
    return Correlations(tuple(numbers[at] for at in varies), values, tuple(numbers[MOST_NUMBERS:]))


def wanted_tables(categories: Sequence[str]) -> dict[str, Of]:
    """What dependencies need: one contingency table for each two columns."""
    pairs = combinations(categories[:MOST_CATEGORIES], 2)
    return {f"{one}\x00{two}": Of(Contingency, one, two) for one, two in pairs}


def determined(tables: Mapping[str, Contingency]) -> tuple[Determined, ...]:
    """The columns that tell another far better than its commonest value does, the surest first."""
    found = []
    for key, table in tables.items():
        one, two = key.split("\x00")
        for given, goal, place in ((one, two, 1), (two, one, 0)):
            counts: dict[object, int] = {}
            for values, rows in table.counts.items():
                if values[place] is not None:
                    counts[values[place]] = counts.get(values[place], 0) + rows
            if len(counts) < 2:
                continue
            commonest = max(counts.values()) / sum(counts.values())
            accuracy = dependency(table, place).accuracy
            if accuracy - commonest >= SURE * (1 - commonest):
                found.append(Determined(given, goal, accuracy, commonest))
    return tuple(sorted(found, key=lambda each: (-each.accuracy, each.given, each.goal)))
