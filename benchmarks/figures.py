"""The shared harness: measure in rounds, print a table, then one verdict for each figure asked for.

    results = compare({"instar": ours, "peer": theirs}, rounds=5)      # each call returns one measured number
    print_table("requests a second", results)
    verdict("requests/s against the peer", median(ours) / median(theirs), at_least=5)

A benchmark exits 0 whenever it could measure, also when a figure is short: whether that matters is for the reader.
Every benchmark is run from the root of the project: ``python3 dev.py bench NAME``.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Sample:
    """The results of several rounds of one thing, in the order they were taken."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def most(self) -> float:
        return max(self.values)

    @property
    def spread(self) -> float:
        """Half the distance between the least and the most, as a share of the median: 0.1 reads "within 10 %"."""
        return (self.most - self.least) / 2 / abs(self.median) if self.median else 0.0


def compare(subjects: Mapping[str, Callable[[], float]], rounds: int = 5, warm: int = 1) -> dict[str, Sample]:
    """Measure each subject once a round, so that a slow minute of the machine hits all alike.

    A subject is called ``warm`` times first, unmeasured; each call returns one number.
    """
    for subject in subjects.values():
        for _ in range(warm):
            subject()
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            gc.collect()
            taken[name].append(subject())
    return {name: Sample(tuple(values)) for name, values in taken.items()}


def seconds(action: Callable[[], object]) -> float:
    """The wall time of one call, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie, by the nearest rank.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    rank = min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))
    return ordered[rank]


def print_machine() -> None:
    """What was measured on; figures of two machines are not compared."""
    load = os.getloadavg()[0]
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def print_table(title: str, results: Mapping[str, Sample], unit: str = "") -> None:
    """One line a subject: median, spread, least, most, rounds."""
    width = max([len(name) for name in results] + [8])
    print(f"\n{title}" + (f" [{unit}]" if unit else ""))
    print(f"  {'':{width}}  {'median':>12}  {'spread':>8}  {'least':>12}  {'most':>12}  rounds")
    for name, sample in results.items():
        range_ = f"{shown(sample.least):>12}  {shown(sample.most):>12}"
        print(f"  {name:{width}}  {shown(sample.median):>12}  {sample.spread:>8.0%}  {range_}  {len(sample.values):>6}")


def verdict(name: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> bool:
    """Print ``name: value (needs threshold): met|short`` and return whether it is met. Give one bound.

    >>> verdict("points/s", 120_000, at_least=100_000)
    points/s: 120,000 (needs >= 100,000): met
    True
    """
    if (at_least is None) == (at_most is None):
        raise ValueError(f"{name}: give either at_least or at_most")
    if at_least is not None:
        met, needs = value >= at_least, f">= {shown(at_least)}"
    else:
        assert at_most is not None
        met, needs = value <= at_most, f"<= {shown(at_most)}"
    print(f"{name}: {shown(value)} (needs {needs}): {'met' if met else 'short'}", flush=True)
    return met


def shown(value: float) -> str:
    """A number with about four digits, for reading.

    >>> shown(39_812.4), shown(3.14159), shown(0.00123)
    ('39,812', '3.142', '0.00123')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def peer_missing(peer: str, how: str) -> None:
    """Say that a peer could not be measured in this environment, and how it can be."""
    print(f"\n{peer}: not installed here, not measured; {how}", file=sys.stderr)
