"""A fitted sequence of operators: what travels with a model into serving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import polars as pl

from instar.base.digests import canonical_json, digest_bytes
from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators import AnyOperator, RowsOperator, operator_from
from instar.data.preparing.pipeline import Pipeline
from instar.data.rows.batch import Batch, Matrix
from instar.data.rows.conform import conform, wanted_types
from instar.data.rows.folds import with_fold
from instar.data.rows.frames import like, to_polars

LAYOUT = 1


class Preparation:
    """Operators with what they learned, applied in order. Immutable; equal ones have equal bytes in every process.

    operators, states : one state each;  inputs : the columns that the operators name, in order of first naming

    >>> from instar.data.preparing.fitting import fit
    >>> from instar.data.operators import Impute, OneHot
    >>> films = pl.DataFrame({"Runtime": [90, None], "Rated": ["R", "PG"], "id": [1, 2]})
    >>> preparation = fit([Impute("Runtime"), OneHot("Rated")], [films])
    >>> preparation.features, preparation.feature_names()
    (('Runtime', 'Rated'), ('Runtime', 'Rated=PG', 'Rated=R'))
    >>> preparation.matrix(films).toarray().tolist()
    [[90.0, 0.0, 1.0], [90.0, 1.0, 0.0]]
    """

    def __init__(self, operators: Iterable[AnyOperator], states: Iterable[msgspec.Struct], inputs: Schema) -> None:
        self.operators = tuple(operators)
        self.states = tuple(states)
        self.inputs = inputs
        if len(self.operators) != len(self.states):
            counts = f"{len(self.operators)} operators, {len(self.states)} states"
            raise BadInput(f"preparation: {counts}; give one state for each operator")
        self._wanted = wanted_types(inputs)
        self._pipeline = Pipeline(zip(self.operators, self.states), inputs)

    @property
    def features(self) -> tuple[str, ...]:
        """The raw columns that it needs."""
        return self.inputs.names

    @cached_property
    def output(self) -> Schema:
        """The columns that it makes, in the estimator's order: the features, then what operators added."""
        schema = self.inputs
        for operator, state in zip(self.operators, self.states):
            schema = operator.output(schema, state)
        return schema

    def apply(self, frame: pl.DataFrame) -> Batch:
        """Prepared rows of a Polars frame, with their blocks. Columns that are no features stay as they are.

        Raises ColumnMissing, WrongType and BadInput for rows that do not fit.
        """
        if not isinstance(frame, pl.DataFrame):
            raise BadInput(f"apply: {type(frame).__name__} is no Polars frame; transform takes any table")
        features = conform(frame, self._wanted, "preparation")
        if features.width == frame.width:
            return self._pipeline.apply(features)
        return self._pipeline.apply(frame.with_columns_seq(features.get_columns()))

    def transform(self, data: Any) -> Any:
        """Prepared rows of any table, as a table of its kind: pandas gives pandas, with its index, and so on.

        data : Polars (lazy as well), pandas, PyArrow, a mapping of columns, a list of rows: columns that are no features
        stay as they are. A column of many values a row is an array column, and in pandas one column for each value, named
        as ``feature_names`` does. A numpy array (columns x0, x1, …) gives the matrix, without other columns.
        Raises as ``apply`` does, and BadInput for what is no table.

        >>> from instar.data.preparing.fitting import fit
        >>> from instar.data.operators import MinMax
        >>> fitted = fit([MinMax("Runtime")], [pl.DataFrame({"Runtime": [90, 110]})])
        >>> fitted.transform({"Title": ["Manhattan"], "Runtime": [95]})
        {'Title': ['Manhattan'], 'Runtime': [0.25]}
        """
        frame = to_polars(data)
        if isinstance(data, np.ndarray) and not data.dtype.names:
            return self.matrix(frame)
        return like(self.apply(frame).to_polars(), data, self._names_of_values())

    def matrix(self, frame: pl.DataFrame, training: bool = False) -> Matrix:
        """What the estimator gets: float64, shape (rows, len(feature_names())), CSR if there is a block.

        training : the rows are those that it was fitted on; operators with folds treat them otherwise
        """
        features = conform(frame, self._wanted, "preparation")
        if training and self._folds:
            features = with_fold(features, self.features)
        return self._pipeline.apply(features, training).matrix(self._columns)

    @cached_property
    def _folds(self) -> bool:
        return any(isinstance(operator, RowsOperator) and operator.folds for operator in self.operators)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        return self.output.names

    def feature_names(self) -> tuple[str, ...]:
        """A name for each column of the matrix: ``Runtime``, ``Genre=Drama``."""
        terms = self._names_of_values()
        names: list[str] = []
        for field in self.output:
            if terms.get(field.name):
                names += (f"{field.name}={term}" for term in terms[field.name])
            elif field.type.startswith("array["):
                names += (f"{field.name}={place}" for place in range(int(field.type.split(",")[1].rstrip("]"))))
            else:
                names.append(field.name)
        return tuple(names)

    def _names_of_values(self) -> dict[str, Sequence[str]]:
        """Of each column of many values a row; empty where they are numbered."""
        terms: dict[str, Sequence[str]] = {}
        for operator, state in zip(self.operators, self.states):
            terms |= {name: operator.features(name, state) for name in operator.writes()}
        return terms

    def explain(self) -> str:
        """What was learned, in words, one line for each operator and column."""
        return "\n".join(operator.explain(state) for operator, state in zip(self.operators, self.states))

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal preparations, equal bytes."""
        return canonical_json(
            {
                "preparation": LAYOUT,
                "inputs": self.inputs,
                "operators": [operator.definition() for operator in self.operators],
                "states": self.states,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Preparation:
        """Raises BadInput when these are no bytes of a preparation, NotFound when an operator is unknown here."""
        try:
            plain = msgspec.json.decode(data, type=dict[str, Any])
            if plain.get("preparation") != LAYOUT:
                raise BadInput(f"preparation: bytes of layout {plain.get('preparation')}; layout {LAYOUT} is read here")
            inputs = msgspec.convert(plain["inputs"], Schema)
            operators = [operator_from(definition) for definition in plain["operators"]]
            states = [
                msgspec.convert(state, operator.state_type) for operator, state in zip(operators, plain["states"])
            ]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise BadInput(f"preparation: these bytes are damaged ({error}); take them from the store again") from error
        return cls(operators, states, inputs)

    @cached_property
    def digest(self) -> str:
        return digest_bytes(self.to_bytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Preparation) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Preparation.from_bytes, (self.to_bytes(),))
