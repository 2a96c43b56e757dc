"""Units of measure: how a number in one becomes a number in another. The only place that knows pint."""

from __future__ import annotations

import tokenize
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import msgspec

from instar.base.errors import BadInput

if TYPE_CHECKING:
    import pint

_CACHED = 4096


class Affine(msgspec.Struct, frozen=True):
    """``value * factor + offset``: every conversion of units that is not logarithmic.

    >>> affine("degC", "degF", "ConvertUnit")
    Affine(factor=1.8, offset=32.0)
    """

    factor: float
    offset: float = 0.0


def same_unit(left: str, right: str, step: str) -> bool:
    """Whether two spellings are one unit, as ``min`` and ``minute`` are."""
    return left == right or bool(_parsed(left, step) == _parsed(right, step))


@lru_cache(_CACHED)
def affine(unit: str, to: str, step: str) -> Affine:
    """How numbers in ``unit`` become numbers in ``to``: exact fractions, rounded once at the end.

    Raises BadInput when a unit is unknown, when the two measure different things, or when one is logarithmic.
    """
    import pint

    source, target = _parsed(unit, step), _parsed(to, step)
    try:
        zero, one = (_registry().Quantity(Fraction(at), source).to(target).magnitude for at in (0, 1))
    except pint.DimensionalityError as error:
        measures = f"{unit!r} measures {_measured(source)}, {to!r} measures {_measured(target)}"
        raise BadInput(f"{step}: {unit!r} cannot be converted to {to!r}: {measures}") from error
    except (pint.PintError, TypeError, ValueError) as error:  # a logarithm has no fraction
        raise BadInput(
            f"{step}: {unit!r} to {to!r} is no factor and offset (a logarithmic unit?); compute it with a map step"
        ) from error
    return Affine(float(one - zero), float(zero))


def _measured(unit: pint.Unit) -> str:
    """What it measures, in words such as ``length^3``. (pint itself cannot write powers that are fractions.)"""
    powers = {name.strip("[]"): float(power) for name, power in unit.dimensionality.items()}  # type: ignore[arg-type]
    return " ".join(name if power == 1 else f"{name}^{power:g}" for name, power in powers.items()) or "a plain number"


@lru_cache(_CACHED)
def _parsed(unit: str, step: str) -> pint.Unit:
    import pint

    try:
        return _registry().parse_units(unit)
    except (pint.PintError, AssertionError, ValueError, TypeError, tokenize.TokenError) as error:
        raise BadInput(
            f'{step}: the unit {unit!r} is unknown; write it as pint does, such as "minute", "degC", "mm/h", "percent"'
        ) from error


@cache
def _registry() -> pint.UnitRegistry[Fraction]:
    """Made at the first use: it costs a quarter of a second, and a served model needs none."""
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)
