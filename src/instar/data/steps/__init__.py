"""Steps on whole tables, one a file: they change which rows there are, or look at other rows. None is ever served."""

from instar.data.steps.check import Check
from instar.data.steps.convertible import Convertible
from instar.data.steps.distinct import Distinct
from instar.data.steps.drop_columns import DropColumns
from instar.data.steps.drop_outliers import DropOutliers
from instar.data.steps.enrich import Enrich
from instar.data.steps.fill import FillBackward, FillForward
from instar.data.steps.graph_features import GraphFeatures
from instar.data.steps.lags import Lags
from instar.data.steps.pivot import Pivot, Unpivot
from instar.data.steps.samples import DecayedSample, DensitySample, Sample, StratifiedSample, WeightedSample
from instar.data.steps.step import STEPS, TableStep, step_from, table_step, take
from instar.data.steps.window import Window

__all__ = [
    "STEPS",
    "Check",
    "Convertible",
    "DecayedSample",
    "DensitySample",
    "Distinct",
    "DropColumns",
    "DropOutliers",
    "Enrich",
    "FillBackward",
    "FillForward",
    "GraphFeatures",
    "Lags",
    "Pivot",
    "Sample",
    "StratifiedSample",
    "TableStep",
    "Unpivot",
    "WeightedSample",
    "Window",
    "step_from",
    "table_step",
    "take",
]
