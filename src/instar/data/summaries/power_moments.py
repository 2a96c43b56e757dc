"""Moments of a column under several power transforms at once: what a likelihood over powers needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.data.summaries.moments import Moments
from instar.data.summaries.summary import Summary, numbers_of, same, summary

Numbers = NDArray[np.float64]
Family = Literal["box_cox", "yeo_johnson"]


@summary("power_moments")
@dataclass(frozen=True)
class PowerMoments(Summary):
    """For each power the moments of the transformed finite numbers of a column, and those of their logarithms.

    family : "box_cox" (of the positive numbers only) or "yeo_johnson";  powers : in the order of ``parts``
    center : for Box-Cox, what is taken off the logarithm first (the mean of the logarithms keeps large numbers exact)
    logs : of ln x - center (Box-Cox) or sign(x) ln(1 + |x|) (Yeo-Johnson), which are the likelihood's other term

    >>> PowerMoments.of(pl.DataFrame({"x": [0.0, 1.0]}), "x", family="yeo_johnson", powers=(1.0, 2.0)).parts
    (Moments(n=2, mean=0.5, m2=0.5), Moments(n=2, mean=0.75, m2=1.125))
    """

    guarantee = (
        "counts exact; means and deviations within 1e-12, relative to the greatest transformed value, in any order"
    )
    family: Family = "yeo_johnson"
    powers: tuple[float, ...] = ()
    center: float = 0.0
    logs: Moments = field(default_factory=Moments)
    parts: tuple[Moments, ...] = ()

    @classmethod
    def of(
        cls,
        frame: pl.DataFrame,
        *columns: str,
        family: Family = "yeo_johnson",
        powers: tuple[float, ...] = (),
        center: float = 0.0,
    ) -> Self:
        [name] = columns
        values = numbers_of(frame, name, "power moments")
        if family == "box_cox":
            values = values[values > 0]
        logs = logarithms(values, family, center)
        parts = tuple(_moments(transformed(values, logs, power, family)) for power in powers)
        return cls(family, powers, center, _moments(logs), parts)

    def likelihood(self, place: int) -> float:
        """The mean log likelihood a row of the power at ``place``, up to a constant; -inf when it cannot be computed."""
        part = self.parts[place]
        if not part.n or not 0.0 < part.variance < np.inf:
            return float("-inf")
        return float(-0.5 * np.log(part.variance) + (self.powers[place] - 1.0) * self.logs.mean)

    def __or__(self, other: Self) -> Self:
        mine, theirs = (self.family, self.powers, self.center), (other.family, other.powers, other.center)
        same(mine, theirs, "power moments")
        parts = tuple(left | right for left, right in zip(self.parts, other.parts))
        return type(self)(self.family, self.powers, self.center, self.logs | other.logs, parts)

    def _plain(self) -> Any:
        parts = [part._plain() for part in self.parts]
        return [self.family, list(self.powers), self.center, self.logs._plain(), parts]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        family, powers, center, logs, parts = plain
        moments = tuple(Moments._of_plain(part) for part in parts)
        return cls(family, tuple(powers), center, Moments._of_plain(logs), moments)


def logarithms(values: Numbers, family: Family, center: float) -> Numbers:
    """ln x - center, or sign(x) ln(1 + |x|)."""
    return np.log(values) - center if family == "box_cox" else np.copysign(np.log1p(np.abs(values)), values)


def transformed(values: Numbers, logs: Numbers, power: float, family: Family) -> Numbers:
    """The values under a power, from their logarithms: exact also for powers near 0."""
    with np.errstate(over="ignore"):
        if family == "box_cox":
            return _raised(logs, power)
        return np.where(values >= 0, _raised(np.abs(logs), power), -_raised(np.abs(logs), 2.0 - power))


def _raised(logs: Numbers, power: float) -> Numbers:
    """(e^(power log) - 1) / power"""
    found: Numbers = np.expm1(power * logs) / power if power else logs
    return found


def _moments(values: Numbers) -> Moments:
    """Of all values; with a deviation that is infinite where one is too large for float64."""
    if not values.size:
        return Moments()
    if not np.isfinite(values).all():
        return Moments(values.size, 0.0, float("inf"))
    mean = float(values.mean())
    with np.errstate(over="ignore"):
        return Moments(values.size, mean, float(((values - mean) ** 2).sum()))
