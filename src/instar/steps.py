"""The table steps of data preparation, by their names: ``from instar import steps``. Row-wise operators are in ``prep``."""

from instar.data.steps import (
    Distinct,
    step_from,
    take,
)

__all__ = [
    "Distinct",
    "step_from",
    "take",
]
