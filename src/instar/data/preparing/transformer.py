"""Several operators as one transformer of scikit-learn."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from instar.data.operators import AnyOperator


def transformer(*operators: AnyOperator, columns: Literal["named", "all"] = "named") -> Any:
    """Operators, in order, as one transformer for ``sklearn.pipeline`` and ``sklearn.compose``.

    columns : "named" reads the columns that the operators name, "all" applies each to every column
    See ``instar.data.preparing.scikit.OperatorTransformer``, which this makes; scikit-learn is loaded only here.

    >>> from instar.data.operators import Impute, Standardize
    >>> films = {"Runtime": [90.0, None, 110.0], "Title": ["A", "B", "C"]}
    >>> import polars as pl
    >>> ready = transformer(Impute("Runtime"), Standardize("Runtime")).fit_transform(pl.DataFrame(films))
    >>> ready.round(3).tolist()
    [[-1.225], [0.0], [1.225]]
    """
    return import_module("instar.data.preparing.scikit").OperatorTransformer(operators, columns)
