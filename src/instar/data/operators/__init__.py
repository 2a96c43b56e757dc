"""Row-wise steps of data preparation, one a file; the table OPERATORS holds them by name."""

from instar.data.operators.above import Above
from instar.data.operators.cast import Cast
from instar.data.operators.column import Column
from instar.data.operators.discretize import Discretize
from instar.data.operators.impute import Impute
from instar.data.operators.min_max import MinMax
from instar.data.operators.multi_hot import MultiHot
from instar.data.operators.one_hot import OneHot
from instar.data.operators.operator import (
    OPERATORS,
    AnyOperator,
    BlockOperator,
    ExpressionOperator,
    Operator,
    operator,
    operator_from,
)
from instar.data.operators.standardize import Standardize
from instar.data.operators.tf_idf import TfIdf

__all__ = [
    "OPERATORS",
    "Above",
    "AnyOperator",
    "BlockOperator",
    "Cast",
    "Column",
    "Discretize",
    "ExpressionOperator",
    "Impute",
    "MinMax",
    "MultiHot",
    "OneHot",
    "Operator",
    "Standardize",
    "TfIdf",
    "operator",
    "operator_from",
]
