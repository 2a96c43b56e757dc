"""The figures of a drift, as plain values, and what they say in words."""

from __future__ import annotations

from typing import Any

import msgspec

from instar.data.charts.chart import label

STEADY, STRONG = 0.1, 0.25  # PSI: below the first a column is steady, from the second on it moved strongly
MISSING_MOVED = 0.05  # change of the share of missing values that is told


class Bin(msgspec.Struct, frozen=True):
    """Rows of one bin, or of one value, in the first and the second table."""

    name: str
    before: float
    after: float


class ColumnDrift(msgspec.Struct, frozen=True):
    """One column of both tables.

    kind : ``number`` or ``category``;  psi, ks, js : see ``drift_measures``; ks of numbers only
    by_chance : the PSI that so few rows reach by chance alone (once in 200 times, about) where nothing moved
    missing_before, missing_after : shares of rows without a value;  median_… : of numbers
    bins : the equal-depth bins of the first table, or its 20 commonest values and the others
    """

    name: str
    kind: str
    psi: float
    by_chance: float
    js: float
    ks: float | None
    missing_before: float
    missing_after: float
    median_before: float | None = None
    median_after: float | None = None
    bins: tuple[Bin, ...] = ()

    @property
    def moved(self) -> str:
        """``steady`` (PSI below 0.1, or what chance alone gives), ``moved`` or ``moved strongly`` (from 0.25 on)."""
        return (
            "steady" if self.psi < max(STEADY, self.by_chance) else "moved" if self.psi < STRONG else "moved strongly"
        )

    def __str__(self) -> str:
        text = f"{self.name}: PSI {self.psi:.2f}: {self.moved}"
        if self.median_before is not None and self.median_after is not None and self.moved != "steady":
            text += f", the median from {label(self.median_before)} to {label(self.median_after)}"
        return text


class DriftFigures(msgspec.Struct, frozen=True):
    """How a table differs from an earlier one. ``findings`` says what matters in words.

    added, removed : columns of only one;  retyped : column -> (type before, type after)
    columns : those of both that are numbers, or categories, in both; the furthest moved first
    """

    before: str
    after: str
    rows_before: int
    rows_after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: dict[str, tuple[str, str]]
    columns: tuple[ColumnDrift, ...]

    def __getitem__(self, column: str) -> ColumnDrift:
        return next(each for each in self.columns if each.name == column)

    @property
    def findings(self) -> tuple[str, ...]:
        """What moved, in words, the most important first."""
        told = [f"{name} is new" for name in self.added] + [f"{name} is gone" for name in self.removed]
        told += [f"{name} is {after}, and was {before}" for name, (before, after) in self.retyped.items()]
        told += [str(each) for each in self.columns if each.moved != "steady"]
        for each in self.columns:
            if abs(each.missing_after - each.missing_before) >= MISSING_MOVED:
                told.append(
                    f"{each.name}: missing in {each.missing_before:.1%} before and {each.missing_after:.1%} after"
                )
        return tuple(told)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**msgspec.to_builtins(self), "findings": list(self.findings)}
