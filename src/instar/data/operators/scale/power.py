"""Skewed numbers to nearly normal ones, by a power that is learned."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.scale.likelihood import STEPS, best_power, first_power, powers_around
from instar.data.operators.scale.standardize import TINY
from instar.data.operators.types import number, retyped
from instar.data.summaries import Extremes, Of, PowerMoments, QuantileGrid
from instar.data.summaries.power_moments import Family

_ZERO = 1e-6  # a power nearer to 0 is the logarithm: (e^(p u) - 1)/p would lose digits


class Power(msgspec.Struct, frozen=True):
    """power : the learned lambda;  center : Box-Cox with ``standardize``: the mean of ln x about which it is computed
    mean, spread : of the transformed values;  values : how many were seen
    """

    power: float = 1.0
    center: float = 0.0
    mean: float = 0.0
    spread: float = 1.0
    values: int = 0


class Powers(msgspec.Struct, frozen=True):
    columns: dict[str, Power]


class PowerOperator(ExpressionOperator[Powers]):
    """What Box-Cox and Yeo-Johnson share: the power of greatest likelihood, in four passes with a small state each.

    The first takes a quantile grid, which gives the power to 0.1; the next two take the exact likelihood of five powers
    around it, 0.1 and then 0.01 apart, and read off where the curve through them is highest; the last takes mean and
    deviation of the transformed values. The power is within 1e-4 of the maximum over [-5, 5] unless the likelihood is flat.
    """

    family: ClassVar[Family]
    standardize: bool

    def output(self, schema: Schema, state: Powers | None = None) -> Schema:
        found = [number(schema, name, type(self).__name__) for name in self.columns]
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {key: of for name in self.columns for key, of in self._next(name, known).items()}

    def _next(self, name: str, known: Known) -> dict[Hashable, Of]:
        if ("grid", name) not in known:
            return {("grid", name): Of(QuantileGrid, name), ("ends", name): Of(Extremes, name)}
        if self._is_plain(name, known):
            return {}
        center = self._center(name, known)
        for place, step in enumerate(STEPS):
            if (place, name) not in known:
                around = powers_around(self._power(name, known, place, center), step)
                return {(place, name): Of(PowerMoments, name, family=self.family, powers=around, center=center)}
        if ("last", name) in known:
            return {}
        power = self._power(name, known, len(STEPS), center)
        center = center if self.standardize else 0.0
        return {("last", name): Of(PowerMoments, name, family=self.family, powers=(power,), center=center)}

    def _is_plain(self, name: str, known: Known) -> bool:
        """Whether the column is constant or empty, so that there is nothing to learn. Raises BadInput."""
        ends = known["ends", name]
        assert isinstance(ends, Extremes)
        self._check(name, ends)
        return ends.low is None or ends.low == ends.high

    def _check(self, name: str, ends: Extremes) -> None:
        """Whether the family takes such values."""

    def _center(self, name: str, known: Known) -> float:
        grid = known["grid", name]
        assert isinstance(grid, QuantileGrid)
        return float(np.log(grid.values).mean()) if self.family == "box_cox" else 0.0

    def _power(self, name: str, known: Known, rounds: int, center: float) -> float:
        if not rounds:
            grid = known["grid", name]
            assert isinstance(grid, QuantileGrid)
            return first_power(grid, self.family, center)
        seen = known[rounds - 1, name]
        assert isinstance(seen, PowerMoments)
        found = best_power(seen)
        return 0.0 if abs(found) < _ZERO else 2.0 if abs(found - 2.0) < _ZERO else found

    def fit(self, summaries: Known) -> Powers:
        return Powers({name: self._fitted(name, summaries) for name in self.columns})

    def _fitted(self, name: str, known: Known) -> Power:
        """A constant or empty column keeps the power 1; a constant one becomes 0 with ``standardize``."""
        ends = known["ends", name]
        assert isinstance(ends, Extremes)
        if ("last", name) not in known:
            grid = known["grid", name]
            assert isinstance(grid, QuantileGrid)
            shift = 1.0 if self.family == "box_cox" else 0.0
            mean = float(ends.low) - shift if self.standardize and ends.low is not None else 0.0
            return Power(mean=mean, values=grid.n)
        seen = known["last", name]
        assert isinstance(seen, PowerMoments)
        [part], [power] = seen.parts, seen.powers
        if not np.isfinite(part.m2):
            raise BadInput(
                f"{self}: the transformed values of {name!r} are too large for float64; change its unit first"
            )
        if not self.standardize:
            return Power(power, values=part.n)
        spread = part.deviation if part.deviation > TINY else 1.0
        return Power(power, seen.center, part.mean, spread, part.n)

    def expressions(self, state: Powers, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {
            name: (self._transformed(col(name).cast(pl.Float64), power) - power.mean) * (1.0 / power.spread)
            for name, power in state.columns.items()
        }

    @abstractmethod
    def _transformed(self, value: pl.Expr, state: Power) -> pl.Expr:
        """The number under the power, before it is standardised."""

    def explain(self, state: Powers) -> str:
        return "\n".join(self._words(name, power) for name, power in state.columns.items())

    def _words(self, name: str, power: Power) -> str:
        if not power.values:
            return f"{name}: power 1, since no value was seen"
        then = f", then minus {power.mean:.6g}, divided by {power.spread:.6g}" if self.standardize else ""
        near = {0: " (nearly the logarithm)", 1: " (nearly as it is)"}.get(round(power.power, 1), "")  # type: ignore[call-overload]
        of = f" of {name} / {math.exp(power.center):.6g} (the geometric mean)" if power.center else ""
        return f"{name}: power {power.power:.4g}{of}{near}{then} ({power.values} values seen)"


def raised(logs: pl.Expr, power: float) -> pl.Expr:
    """(e^(power log) - 1) / power; the log itself for power 0. (By multiplication: see ``arithmetic``.)"""
    return ((logs * power).exp() - 1.0) * (1.0 / power) if power else logs


@operator("box_cox", state=Powers)
@dataclass(frozen=True, init=False)
class BoxCox(PowerOperator):
    """The Box-Cox transform of columns of positive numbers: (x^p - 1) / p, or ln x for p = 0, with p by maximum likelihood.

    standardize : then shift and scale to mean 0 and standard deviation 1, as a rule wanted

    Numbers <= 0 in the training data are an error that names the least; met later, they become missing. A missing value
    stays missing. A constant or empty column keeps the power 1. How the power is found is said in ``PowerOperator``.
    Source: Box & Cox (1964), An analysis of transformations, J. Royal Statistical Society B 26(2).

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [1.0, 2.0, 4.0, 8.0, 16.0]})
    >>> fit([BoxCox("x")], [rows]).apply(rows).frame["x"].round(4).to_list()
    [-1.4142, -0.7071, 0.0, 0.7071, 1.4142]
    """

    family = "box_cox"
    columns: tuple[str, ...]
    standardize: bool = True

    def __init__(self, *columns: str, standardize: bool = True) -> None:
        self._set(columns, standardize=bool(standardize))

    def _check(self, name: str, ends: Extremes) -> None:
        if ends.low is not None and ends.low <= 0:
            raise BadInput(
                f"BoxCox: column {name!r} has the value {ends.low:g}, and only positive numbers have powers; use "
                f"YeoJohnson({name!r}), or Log with a shift"
            )

    def _transformed(self, value: pl.Expr, state: Power) -> pl.Expr:
        if not state.values:
            return value
        if state.power == 1.0 and not state.center:
            return pl.when(value > 0.0).then(value - 1.0)
        return pl.when(value > 0.0).then(raised(value.log() - state.center, state.power))


@operator("yeo_johnson", state=Powers)
@dataclass(frozen=True, init=False)
class YeoJohnson(PowerOperator):
    """The Yeo-Johnson transform of columns of numbers, positive or not, with the power p by maximum likelihood.

    x >= 0: ((1 + x)^p - 1) / p, or ln(1 + x) for p = 0;  x < 0: -((1 - x)^(2 - p) - 1) / (2 - p), or -ln(1 - x) for p = 2
    standardize : then shift and scale to mean 0 and standard deviation 1, as a rule wanted

    A missing value stays missing, an infinite one may stay infinite. A constant or empty column keeps the power 1, which
    changes nothing. How the power is found is said in ``PowerOperator``.
    Source: Yeo & Johnson (2000), A new family of power transformations, Biometrika 87(4).

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"x": [-1.0, 0.0, 1.0]})
    >>> fit([YeoJohnson("x", standardize=False)], [rows]).apply(rows).frame["x"].round(4).to_list()
    [-1.0, 0.0, 1.0]
    """

    family = "yeo_johnson"
    columns: tuple[str, ...]
    standardize: bool = True

    def __init__(self, *columns: str, standardize: bool = True) -> None:
        self._set(columns, standardize=bool(standardize))

    def _transformed(self, value: pl.Expr, state: Power) -> pl.Expr:
        if state.power == 1.0:
            return value
        below = -raised((-value).log1p(), 2.0 - state.power)
        return pl.when(value >= 0.0).then(raised(value.log1p(), state.power)).otherwise(below)
