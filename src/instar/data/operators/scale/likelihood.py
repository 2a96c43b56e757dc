"""The power of a power transform by maximum likelihood: found on quantiles, made exact on all values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instar.data.summaries import PowerMoments, QuantileGrid
from instar.data.summaries.power_moments import Family, logarithms, transformed

LEAST, MOST = -5.0, 5.0
STEPS = (0.1, 0.01)  # between the powers tried in the two passes over all values
_TRIED = (-2, -1, 0, 1, 2)
_ENOUGH = 4096  # quantiles to begin with


def first_power(grid: QuantileGrid, family: Family, center: float) -> float:
    """The best of the powers -5, -4.9, … 5 for the quantiles kept; ties: the nearest to 1, which changes nothing."""
    values = np.sort(grid.values)
    values = values[values > 0] if family == "box_cox" else values
    if values.size > _ENOUGH:
        values = values[((2 * np.arange(_ENOUGH) + 1) * values.size) // (2 * _ENOUGH)]
    logs = logarithms(values, family, center)
    tried = [round(place / 10, 1) for place in range(int(LEAST * 10), int(MOST * 10) + 1)]
    return max(tried, key=lambda power: (_likelihood(values, logs, power, family), -abs(power - 1.0)))


def powers_around(power: float, step: float) -> tuple[float, ...]:
    """Five powers, ``step`` apart."""
    return tuple(round(power + step * place, 12) for place in _TRIED)


def best_power(seen: PowerMoments) -> float:
    """Where the curve through the likelihoods of five powers is highest, between the outer two."""
    heights = np.array([seen.likelihood(place) for place in range(len(seen.powers))])
    middle, step = seen.powers[2], seen.powers[1] - seen.powers[0]
    if not np.isfinite(heights).all():
        return float(seen.powers[int(np.argmax(heights))]) if np.isfinite(heights).any() else 1.0
    curve = np.polynomial.Polynomial.fit(np.array(_TRIED, dtype=float), heights - heights.max(), 4, domain=[-2, 2])
    places = [-2.0, 2.0, *(float(root.real) for root in _roots(curve.deriv()) if abs(root.imag) < 1e-9)]
    inside = [place for place in places if -2.0 <= place <= 2.0]
    best = max(inside, key=lambda place: float(curve(place)))
    return float(np.clip(middle + best * step, LEAST, MOST))


def _roots(curve: np.polynomial.Polynomial) -> NDArray[np.complex128]:
    if np.abs(curve.coef).max() < 1e-300:
        return np.zeros(1, dtype=np.complex128)  # flat: stay in the middle
    return np.asarray(curve.roots(), dtype=np.complex128)


def _likelihood(values: NDArray[np.float64], logs: NDArray[np.float64], power: float, family: Family) -> float:
    if not values.size:
        return float("-inf")
    made = transformed(values, logs, power, family)
    variance = float(made.var()) if np.isfinite(made).all() else float("inf")
    if not 0.0 < variance < np.inf:
        return float("-inf")
    return float(-0.5 * np.log(variance) + (power - 1.0) * logs.mean())
