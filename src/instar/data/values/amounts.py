"""Amounts with units as people write them, such as ``10 hour``."""

from __future__ import annotations

from instar.base.errors import BadInput
from instar.data.operators.parse.units import affine
from instar.data.values.quantities import split_quantity


def amount(text: str, step: str) -> tuple[float, str]:
    """The number and the unit. Raises BadInput for what is no amount, and for a unit that nobody knows.

    >>> amount("10 hour", "Between")
    (10.0, 'hour')
    """
    number, unit = split_quantity(text) or (0.0, "")
    if not unit:
        raise BadInput(f'{step}: {text!r} is no amount with a unit; write one such as "10 hour"')
    affine(unit, unit, step)  # refuses a unit that nobody knows
    return number, unit


def amount_in(text: str, unit: str, step: str) -> float:
    """The amount as a number of ``unit``. Raises BadInput when it cannot be converted.

    >>> amount_in("10 hour", "minute", "Between")
    600.0
    """
    number, own = amount(text, step)
    if not unit:
        raise BadInput(f"{step}: {text!r} has a unit and the column has none; give units= at the import, or a number")
    conversion = affine(own, unit, step)
    return conversion.factor * number + conversion.offset
