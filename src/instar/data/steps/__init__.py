"""Steps on whole tables, one a file: they change which rows there are, or look at other rows. None is ever served."""

from instar.data.steps.check import Check
from instar.data.steps.convertible import Convertible
from instar.data.steps.distinct import Distinct
from instar.data.steps.enrich import Enrich
from instar.data.steps.step import STEPS, TableStep, step_from, table_step, take

__all__ = [
    "STEPS",
    "Check",
    "Convertible",
    "Distinct",
    "Enrich",
    "TableStep",
    "step_from",
    "table_step",
    "take",
]
