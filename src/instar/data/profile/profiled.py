"""The figures of a profile, as plain values."""

from __future__ import annotations

from typing import Any

import msgspec

from instar.data.profile.associations import Correlations, Determined
from instar.data.profile.bins import Bins
from instar.data.profile.findings import Finding


class ColumnProfile(msgspec.Struct, frozen=True):
    """One column.

    missing : rows without a value;  distinct : how many different values there are, with a standard error of 1.6 % unless
    ``distinct_exact``
    low, high, mean, deviation, quantiles (by share of the values at or below) : of numbers, and the ends of times as text
    top : the commonest values as text, with at least so many rows each
    infinite : rows whose number is infinite; low, high, mean, deviation and quantiles leave them out
    equal_width, equal_depth : how many values lie in bins of one width, and in bins that hold equally many; of numbers
    """

    name: str
    type: str
    unit: str
    rows: int
    missing: int
    distinct: int | None = None
    distinct_exact: bool = False
    low: float | int | str | None = None
    high: float | int | str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: dict[str, float] = {}
    top: tuple[tuple[str, int], ...] = ()
    infinite: int = 0
    equal_width: Bins = Bins()
    equal_depth: Bins = Bins()


class ProfileFigures(msgspec.Struct, frozen=True):
    """What is in a dataset version, and what is suspicious about it.

    dependencies : columns that determine another, the surest first;  limits : what was left out to bound the work
    quarantine : rows set apart when the version was made, by the step that did it
    """

    dataset: str
    version: int
    rows: int
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]
    correlations: Correlations = Correlations()
    dependencies: tuple[Determined, ...] = ()
    limits: tuple[str, ...] = ()
    quarantine: dict[str, int] = {}

    def __getitem__(self, column: str) -> ColumnProfile:
        return next(each for each in self.columns if each.name == column)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return dict(msgspec.to_builtins(self))
