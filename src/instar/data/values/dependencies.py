"""How surely some columns determine another: what imputation, repair and the profile ask of a contingency table."""

from __future__ import annotations

import math
from dataclasses import dataclass

from instar.data.summaries.contingency import Contingency, Key
from instar.data.summaries.values import Value, in_order

Groups = dict[Key, dict[Value, int]]


@dataclass(frozen=True)
class Dependency:
    """How surely columns S determine the goal, measured on the rows whose goal is known.

    A row with a missing value among S is in no group: what is missing determines nothing. Of a group g of equal values
    of S, n_g is its rows and top_g the rows of its commonest goal value.

    rows : n, those whose goal is known;  groups : different values of S
    accuracy : (1/n) sum over g with n_g > 1 of top_g (top_g - 1)/(n_g - 1): the chance that a row has the commonest
    value of its group and that another row of the group, drawn at random, has it too. A cautious estimate of how often
    the majority is right, near to it where it is near 1. Groups of one row count 0, so that a key wins nothing.
    shared : the share of the rows that are in a group of at least two; no set of columns that holds S is more accurate
    error : |different (S, goal)| - |different S|; 0 for a functional dependency (and for a key)
    single : the share of the different (S, goal) that occur once
    Source: error and single as in the R package cleanerR 0.1.1; accuracy is Instar's own.
    """

    rows: int
    groups: int
    accuracy: float
    shared: float
    error: int
    single: float


def dependency(table: Contingency, goal: int = -1, missing: bool = False) -> Dependency:
    """How surely the columns of ``table`` determine the one at ``goal``; of one table, also the other way round.

    missing : whether a missing value among S is a value like any other

    >>> import polars as pl
    >>> rows = pl.DataFrame({"city": ["Rio", "Rio", "Rio", "Natal"], "state": ["RJ", "RJ", "SP", "RN"]})
    >>> found = dependency(Contingency.of(rows, "city", "state"))
    >>> found.accuracy, found.shared, found.error
    (0.25, 0.75, 1)
    >>> dependency(Contingency.of(rows, "city", "state"), goal=0).accuracy
    0.5
    """
    # kept with the table, which never changes: the search for determinants asks again in every pass
    kept: dict[tuple[int, bool], Dependency] = table.__dict__.setdefault("_dependencies", {})
    if (goal, missing) not in kept:
        kept[goal, missing] = _measured(table, goal, missing)
    return kept[goal, missing]


def _measured(table: Contingency, goal: int, missing: bool) -> Dependency:
    place = goal % len(table.kinds) if table.kinds else 0
    rows = pairs = once = 0
    sizes: dict[Key, int] = {}
    tops: dict[Key, int] = {}
    for key, count in table.counts.items():
        if key[place] is None:
            continue
        rows += count
        given = key[:place] + key[place + 1 :]
        if missing or None not in given:
            pairs += 1
            once += count == 1
            sizes[given] = sizes.get(given, 0) + count
            if count > tops.get(given, 0):
                tops[given] = count
    shared = sum(size for size in sizes.values() if size > 1)
    # fsum is exact, so the sum does not depend on the order in which the groups were met
    right = math.fsum(rows_right(top, size) for top, size in zip(tops.values(), sizes.values()))
    return Dependency(
        rows=rows,
        groups=len(sizes),
        accuracy=right / rows if rows else 0.0,
        shared=shared / rows if rows else 0.0,
        error=pairs - len(sizes),
        single=once / pairs if pairs else 0.0,
    )


def expected_accuracy(table: Contingency, goal: int = -1) -> float:
    """How surely a row's group says its goal, from 0 to 1, each row left out: ``dependency(table, goal).accuracy``."""
    return dependency(table, goal).accuracy


def rows_right(top: int, rows: int) -> float:
    """Of a group's rows, how many are surely told by its others: top (top - 1)/(rows - 1), 0 for a single row.

    >>> rows_right(3, 4), rows_right(1, 1)
    (2.0, 0.0)
    """
    return top * (top - 1) / (rows - 1) if rows > 1 else 0.0


def groups_of(table: Contingency, goal: int = -1, missing: bool = False) -> Groups:
    """The counts of the goal's values in each group of equal other values; what is missing is left out.

    missing : whether a missing value among the other columns is a value like any other
    """
    place = goal % len(table.kinds) if table.kinds else 0
    groups: Groups = {}
    for key, count in table.counts.items():
        value, given = key[place], key[:place] + key[place + 1 :]
        if value is not None and (missing or None not in given):
            groups.setdefault(given, {})[value] = count
    return groups


def majority(counts: dict[Value, int]) -> tuple[Value, int]:
    """The commonest value and its rows; of equally common ones the least.

    >>> majority({"SP": 2, "RJ": 2})
    ('RJ', 2)
    """
    return min(counts.items(), key=lambda item: (-item[1], in_order(item[0])))
