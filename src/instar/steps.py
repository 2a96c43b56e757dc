"""The table steps of data preparation, by their names: ``from instar import steps``. Row-wise operators are in ``prep``."""

from instar.data.steps import (
    Check,
    Convertible,
    Distinct,
    Enrich,
    step_from,
    take,
)

__all__ = [
    "Check",
    "Convertible",
    "Distinct",
    "Enrich",
    "step_from",
    "take",
]
