"""The operators of data preparation, by their names: ``from instar import prep``. Table steps are in ``instar.steps``."""

from instar.data.operators import (
    Above,
    Cast,
    Column,
    Discretize,
    HashText,
    Impute,
    Lsa,
    MinMax,
    MultiHot,
    OneHot,
    Standardize,
    TfIdf,
)

__all__ = [
    "Above",
    "Cast",
    "Column",
    "Discretize",
    "HashText",
    "Impute",
    "Lsa",
    "MinMax",
    "MultiHot",
    "OneHot",
    "Standardize",
    "TfIdf",
]
