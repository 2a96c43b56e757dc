"""The search for the sets of columns that determine another, over contingency tables asked for pass by pass."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from instar.data.operators.operator import Known
from instar.data.summaries import Contingency, Counts, Distinct, Of
from instar.data.values.dependencies import Dependency, dependency

Score = Literal["expected_accuracy", "published"]
Columns = tuple[str, ...]
BREADTH = 300  # sets of one size that are counted for one goal


@dataclass(frozen=True)
class Search:
    """Which sets S of the ``given`` columns determine ``goal``; each size of sets is a pass (two where space is short).

    size : the most columns of a set;  ratio : columns with different values / rows at or above it are left out as keys
    sets : how many are wanted;  combinations : the most combinations of values that one pass counts
    score : ``expected_accuracy`` leaves out, by an exact bound (``Dependency.shared``), the sets that cannot be better
    than each of their parts or not come among the best, and beyond BREADTH those whose parts score least; ``published``
    counts every set that fits, and takes a missing value for a value
    """

    goal: str
    given: Columns
    score: Score
    size: int
    ratio: float
    sets: int
    combinations: int

    def wants(self, known: Known) -> dict[Hashable, Of]:
        """What to ask next; empty when the sets are found."""
        first: dict[Hashable, Of] = {("rows", self.goal): Of(Counts, self.goal)}
        first |= {("distinct", name): Of(Distinct, name) for name in (*self.given, self.goal)}
        if wanted := {key: of for key, of in first.items() if key not in known}:
            return wanted
        for size in range(1, self.size + 1):
            sets = self._of_size(size, known)
            if not self._fits(sets, known):
                unsized = [columns for columns in sets if not self._sized(columns, known)]
                if unsized:
                    return {("distinct", *columns, self.goal): Of(Distinct, *columns, self.goal) for columns in unsized}
            wanted = {("table", *columns, self.goal): self._table(columns) for columns in self._within(sets, known)}
            if missing := {key: of for key, of in wanted.items() if key not in known}:
                return missing
        return {}

    def found(self, known: Known) -> list[tuple[Columns, Dependency]]:
        """The sets counted that determine the goal at all, the best first."""
        measured = {columns: self._measured(columns, known) for columns in self._counted(known)}
        keys = self._keys(known)
        places = {name: place for place, name in enumerate(self.given)}
        order = sorted(
            (columns for columns in measured if keys.isdisjoint(columns)),
            key=lambda columns: (len(columns), [places[name] for name in columns]),
        )
        if self.score == "published":
            return [(columns, measured[columns]) for columns in sorted(order, key=lambda at: measured[at].error)]
        best = sorted(order, key=lambda columns: -measured[columns].accuracy)
        return [(columns, measured[columns]) for columns in _useful(best) if measured[columns].accuracy > 0]

    def table(self, columns: Columns, known: Known) -> Contingency:
        found = known["table", *columns, self.goal]
        assert isinstance(found, Contingency)
        return found

    def _table(self, columns: Columns) -> Of:
        return Of(Contingency, *columns, self.goal)

    def _counted(self, known: Known) -> Iterator[Columns]:
        for key in known:
            if isinstance(key, tuple) and key[0] == "table" and key[-1] == self.goal:
                yield key[1:-1]

    def _measured(self, columns: Columns, known: Known) -> Dependency:
        return dependency(self.table(columns, known), missing=self.score == "published")

    def _keys(self, known: Known) -> set[str]:
        """Columns with too many different values, counted exactly where they were counted at all."""
        rows = self._rows(known)
        keys = set()
        for columns in self._counted(known):
            if len(columns) == 1:
                different = {key[0] for key in self.table(columns, known).counts} - {None}
                if len(different) >= self.ratio * rows:
                    keys.add(columns[0])
        return keys

    def _rows(self, known: Known) -> int:
        found = known["rows", self.goal]
        assert isinstance(found, Counts)
        return found.rows

    def _of_size(self, size: int, known: Known) -> list[Columns]:
        """The sets of a size that may be of use, the most promising first."""
        if not self._rows(known):
            return []
        if size == 1:
            return sorted(((name,) for name in self.given), key=lambda columns: self._distinct(columns, known))
        measured = {columns: self._measured(columns, known) for columns in self._counted(known) if len(columns) < size}
        keys = self._keys(known)
        usable = [name for name in self.given if (name,) in measured and name not in keys]
        if self.score == "published":
            return list(combinations(usable, size))
        best = _useful(sorted(measured, key=lambda columns: (-measured[columns].accuracy, len(columns))))
        bar = measured[best[self.sets - 1]].accuracy if len(best) >= self.sets else 0.0
        promise: dict[Columns, float] = {}
        for columns in combinations(usable, size):
            parts = [measured[part] for part in combinations(columns, size - 1) if part in measured]
            accuracy = max((part.accuracy for part in parts), default=0.0)
            if len(parts) == size and min(part.shared for part in parts) > max(bar, accuracy):
                promise[columns] = accuracy
        return sorted(promise, key=lambda columns: -promise[columns])[:BREADTH]

    def _distinct(self, columns: Columns, known: Known) -> float:
        found = known["distinct", *columns]
        assert isinstance(found, Distinct)
        return found.estimate

    def _sized(self, columns: Columns, known: Known) -> bool:
        return ("distinct", *columns, self.goal) in known

    def _bound(self, columns: Columns, known: Known) -> float:
        """At most so many combinations of values, by an estimate where one was taken."""
        if self._sized(columns, known):
            return self._distinct((*columns, self.goal), known)
        product = math.prod(self._distinct((name,), known) + 1 for name in (*columns, self.goal))
        return min(float(self._rows(known)), product)

    def _fits(self, sets: list[Columns], known: Known) -> bool:
        return sum(self._bound(columns, known) for columns in sets) <= self.combinations

    def _within(self, sets: list[Columns], known: Known) -> list[Columns]:
        """As many of the sets, in order, as may be counted in one pass."""
        taken, room = [], float(self.combinations)
        for columns in sets:
            room -= self._bound(columns, known)
            if room < 0:
                break
            taken.append(columns)
        return taken


def _useful(best: list[Columns]) -> list[Columns]:
    """Without the sets that hold a better one: where that has no group for a row, they have none either."""
    useful: list[Columns] = []
    for columns in best:
        if not any(set(better) <= set(columns) for better in useful):
            useful.append(columns)
    return useful
