"""Parameters as text and number, and metrics as floats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, SupportsFloat

import msgspec

from instar.base.digests import canonical_json
from instar.base.errors import BadInput
from instar.store.records import Param

LONGEST = 6_000  # characters of a parameter; longer things are artifacts


def param(run: str, key: str, value: Any) -> Param:
    """A parameter: text as it is, a number as text and number, a plain structure as JSON, anything else as its repr.

    >>> param("r", "lr", 0.1).value, param("r", "lr", 0.1).number, param("r", "layers", [8, 2]).value
    ('0.1', 0.1, '[8,2]')
    """
    text = as_text(value)
    if len(text) > LONGEST:
        raise BadInput(
            f"parameter {key!r} has {len(text)} characters, at most {LONGEST} are kept; "
            "write it to a file and keep that with log_artifact"
        )
    return Param(run, key, text, as_number(value))


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple):
        try:
            return canonical_json(value).decode()
        except (TypeError, ValueError, msgspec.MsgspecError):
            return repr(value)
    # numpy 2 shows its scalars as np.float64(0.1): item() is the plain number
    return str(value.item()) if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else str(value)


def as_number(value: Any) -> float | None:
    """The number a parameter is, if it is one and finite."""
    if isinstance(value, str | bytes) or not isinstance(value, SupportsFloat):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_measure(key: str, value: Any) -> float:
    """A metric's value; NaN and the infinities are values too. Raises BadInput for what is not one number."""
    if not isinstance(value, str | bytes):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass  # said below
    raise BadInput(
        f"metric {key!r}: {value!r} ({type(value).__name__}) is not one number; "
        "log a number, or keep it as a parameter (log) or a file (log_artifact)"
    )
