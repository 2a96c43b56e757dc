"""Operators as a transformer of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import Parameter, signature
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators import AnyOperator, Operator, operator_from
from instar.data.preparing.fitting import fit
from instar.data.rows.batch import Matrix
from instar.data.rows.frames import is_frame, like, schema_of, to_polars

Columns = Literal["named", "all"]
_TARGET = "target of the fit"


class OperatorTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One or more operators, in order, with ``fit``, ``transform`` and all else that scikit-learn asks of a transformer.

    It works in a Pipeline and a ColumnTransformer, is cloned and pickled, and takes pandas, Polars, PyArrow and numpy
    (whose columns are x0, x1, …).

    operators : what is fitted
    columns : "named": the columns that the operators name, so others are left out; "all": each operator is applied to
    every column, whatever it names; then options that say something of one column only make no sense

    ``transform`` gives a matrix, float64, shape (rows, len(get_feature_names_out())): a numpy array, or a CSR matrix where
    an operator gives a sparse block. With ``set_output(transform="pandas")`` (or "polars") it gives a frame. Where a
    column holds no numbers (text that was filled, a date) it gives a frame of the kind that came in.
    ``fit(X, y)`` fits operators that learn from a target to ``y``; their ``fit_transform(X, y)`` treats X as the training
    rows that they are (see TargetEncode), so it is not ``fit(X, y).transform(X)``.
    ``preparation_`` is what was fitted: ``explain()`` and ``to_bytes()`` are there.

    Raises ValueError and TypeError as scikit-learn's own do for what is no table, and BadInput as the operators do.

    >>> from instar import prep
    >>> films = np.array([[90.0, 1998.0], [np.nan, 2000.0]])
    >>> prep.Standardize("x1").as_transformer().fit_transform(films).tolist()
    [[-1.0], [1.0]]
    >>> prep.MinMax("*").as_transformer(columns="all").fit_transform(films).tolist()
    [[0.0, 0.0], [nan, 1.0]]
    """

    def __init__(self, operators: Sequence[AnyOperator], columns: Columns = "named") -> None:
        self.operators = operators  # as they came: scikit-learn's clone compares by identity
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> OperatorTransformer:  # noqa: N803
        """Learn from the rows of ``X``, shape (rows, columns)."""
        self._fit(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None, **options: Any) -> Any:  # noqa: N803
        """Fit, then transform the same rows, as training rows where operators have folds."""
        return self._out(self._fit(X, y), X, training=True)

    def transform(self, X: Any) -> Any:  # noqa: N803
        """The prepared rows."""
        check_is_fitted(self)
        return self._out(self._table(X, reset=False), X, training=False)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """A name for each column of the matrix: ``Runtime``, ``Genre=Drama``.

        input_features : scikit-learn's own transformers rename by them; here they must be the names of the fit
        """
        check_is_fitted(self)
        if input_features is not None and list(input_features) != list(self._names):
            raise ValueError("input_features is not equal to feature_names_in_")
        return np.array(self.preparation_.feature_names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "preparation_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = not self._numeric()
        tags.target_tags.required = any(one.supervised for one in self.operators)
        tags.requires_fit = True
        return tags

    def _fit(self, X: Any, y: Any) -> pl.DataFrame:  # noqa: N803
        operators = tuple(self.operators)
        if not operators or not all(isinstance(one, Operator) for one in operators):
            raise BadInput('transformer: operators are a list of operators, such as [Impute("Year")]')
        if self.columns not in get_args(Columns):
            raise BadInput(f"transformer: unknown columns={self.columns!r}; use named or all")
        table = self._table(X, reset=True)
        learns = any(one.supervised for one in operators)
        if learns and y is None:
            raise ValueError(
                f"requires y to be passed, but the target y is None: {', '.join(map(str, operators))} learns from it"
            )
        if self.columns == "all":
            operators = _over_all(operators, schema_of(table))
        told = table if not learns else table.with_columns(_target(y, table.height))
        self.preparation_ = fit(operators, [told], _TARGET if learns else None)
        return table

    def _table(self, X: Any, reset: bool) -> pl.DataFrame:  # noqa: N803
        """``X`` as a frame, checked as scikit-learn checks; ``reset``: what it must be from now on."""
        if is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)  # the names and number of columns
            table = to_polars(X)
            if not table.height:
                raise ValueError(
                    f"Found array with 0 sample(s) (shape={table.shape}) while a minimum of 1 is required."
                )
        else:
            kind = "numeric" if self._numeric() else None
            table = _read(validate_data(self, X, reset=reset, dtype=kind, ensure_all_finite=False))
        if reset:
            self._names = tuple(table.columns)
        return table

    def _numeric(self) -> bool:
        """Whether every operator takes columns of numbers, floats among them."""
        names = dict.fromkeys(name for one in self.operators for name in one.columns)
        schema = Schema(tuple(Field(name, "float64") for name in names))
        try:
            for one in self.operators:
                schema = one.output(schema)
        except BadInput:
            return False
        return True

    def _out(self, table: pl.DataFrame, X: Any, training: bool) -> Any:  # noqa: N803
        if not all(one.is_number or one.type.startswith("array[") for one in self.preparation_.output):
            prepared = self.preparation_.apply(table).to_polars().select(self.preparation_.output.names)
            return like(prepared, X)
        matrix: Matrix = self.preparation_.matrix(table, training)
        if isinstance(matrix, np.ndarray) or _get_output_config("transform", self)["dense"] == "default":
            return matrix
        return matrix.toarray()


def _over_all(operators: Iterable[AnyOperator], schema: Schema) -> tuple[AnyOperator, ...]:
    """Each operator over all columns that those before it left. Raises BadInput for one that takes one column only."""
    found: list[AnyOperator] = []
    for operator in operators:
        kinds = {parameter.kind for parameter in signature(type(operator)).parameters.values()}
        if Parameter.VAR_POSITIONAL not in kinds and len(schema) > 1:
            raise BadInput(
                f'transformer: {type(operator).__name__} takes one column, so columns="all" says too little; '
                'name it, and use columns="named"'
            )
        found.append(operator_from({**operator.definition(), "columns": list(schema.names)}))
        schema = found[-1].output(schema)
    return tuple(found)


def _target(y: Any, rows: int) -> pl.Series:
    """``y`` as a column, shape (rows,)."""
    flat = column_or_1d(y, warn=True)
    check_consistent_length(flat, range(rows))
    return pl.Series(_TARGET, flat.tolist(), strict=False)


def _read(array: NDArray[Any]) -> pl.DataFrame:
    """An array as a frame; in one of objects each column has the type of its values, NaN among text being missing."""
    if array.dtype.kind not in "OUS":
        return to_polars(array)
    return pl.DataFrame({f"x{at}": _cells(array[:, at].tolist()) for at in range(array.shape[1])}, strict=False)


def _cells(values: list[Any]) -> list[Any]:
    texts = any(isinstance(value, str) for value in values)
    return [None if texts and isinstance(value, float) and np.isnan(value) else value for value in values]
