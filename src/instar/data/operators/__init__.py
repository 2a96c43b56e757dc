"""Row-wise steps of data preparation, one a file; the table OPERATORS holds them by name."""

from instar.data.operators.bins.above import Above
from instar.data.operators.bins.binarise import Binarise
from instar.data.operators.bins.cut_at import CutAt
from instar.data.operators.bins.discretize import Discretize
from instar.data.operators.bins.equal_cells import EqualCells
from instar.data.operators.bins.equal_depth import EqualDepth
from instar.data.operators.bins.mdlp import Mdlp
from instar.data.operators.column import Column
from instar.data.operators.encode.frequency import Frequency
from instar.data.operators.encode.hashing import Hashing
from instar.data.operators.encode.multi_hot import MultiHot
from instar.data.operators.encode.one_hot import OneHot
from instar.data.operators.encode.ordinal import Ordinal
from instar.data.operators.encode.target_encode import TargetEncode
from instar.data.operators.image.image import Image
from instar.data.operators.missing.impute import Impute
from instar.data.operators.missing.impute_by_group import ImputeByGroup
from instar.data.operators.missing.impute_dependency import ImputeDependency
from instar.data.operators.missing.impute_model import ImputeModel
from instar.data.operators.missing.impute_neighbours import ImputeNeighbours
from instar.data.operators.missing.missing import Missing
from instar.data.operators.missing.require import Require
from instar.data.operators.operator import (
    OPERATORS,
    AnyOperator,
    BlockOperator,
    ExpressionOperator,
    Operator,
    RowsOperator,
    operator,
    operator_from,
)
from instar.data.operators.outliers.clusters import ClusterScore
from instar.data.operators.outliers.extremes import MadScore, QuantileScore
from instar.data.operators.outliers.neighbours import LocalOutlierFactor, NeighbourScore
from instar.data.operators.outliers.surprise import Surprise
from instar.data.operators.parse.cast import Cast
from instar.data.operators.parse.convert_unit import ConvertUnit
from instar.data.operators.parse.date_parts import DateParts
from instar.data.operators.parse.quantity import Quantity
from instar.data.operators.reduce.pca import Pca
from instar.data.operators.reduce.select_correlation import SelectCorrelation
from instar.data.operators.reduce.select_importance import SelectImportance
from instar.data.operators.reduce.select_information import SelectInformation
from instar.data.operators.reduce.select_variance import SelectVariance
from instar.data.operators.scale.log import Log
from instar.data.operators.scale.max_abs import MaxAbs
from instar.data.operators.scale.min_max import MinMax
from instar.data.operators.scale.power import BoxCox, YeoJohnson
from instar.data.operators.scale.quantile import Quantile
from instar.data.operators.scale.robust import Robust
from instar.data.operators.scale.standardize import Standardize
from instar.data.operators.series.dft import Dft
from instar.data.operators.series.dwt import Dwt
from instar.data.operators.series.sax import Sax, mindist
from instar.data.operators.text.embed import Embed
from instar.data.operators.text.hash_text import HashText
from instar.data.operators.text.lsa import Lsa
from instar.data.operators.text.tf_idf import TfIdf

__all__ = [
    "OPERATORS",
    "Above",
    "AnyOperator",
    "Binarise",
    "BlockOperator",
    "BoxCox",
    "Cast",
    "ClusterScore",
    "Column",
    "ConvertUnit",
    "CutAt",
    "DateParts",
    "Dft",
    "Discretize",
    "Dwt",
    "Embed",
    "EqualCells",
    "EqualDepth",
    "ExpressionOperator",
    "Frequency",
    "HashText",
    "Hashing",
    "Image",
    "Impute",
    "ImputeByGroup",
    "ImputeDependency",
    "ImputeModel",
    "ImputeNeighbours",
    "LocalOutlierFactor",
    "Log",
    "Lsa",
    "MadScore",
    "MaxAbs",
    "Mdlp",
    "MinMax",
    "Missing",
    "MultiHot",
    "NeighbourScore",
    "OneHot",
    "Operator",
    "Ordinal",
    "Pca",
    "Quantile",
    "QuantileScore",
    "Quantity",
    "Require",
    "Robust",
    "RowsOperator",
    "Sax",
    "SelectCorrelation",
    "SelectImportance",
    "SelectInformation",
    "SelectVariance",
    "Standardize",
    "Surprise",
    "TargetEncode",
    "TfIdf",
    "YeoJohnson",
    "mindist",
    "operator",
    "operator_from",
]
