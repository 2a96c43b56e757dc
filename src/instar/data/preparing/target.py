"""What is to be predicted: an operator on raw columns, fitted with the training data and never served."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from instar.base.digests import canonical_json, digest_bytes
from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators import Column, ExpressionOperator, operator_from
from instar.data.preparing.pipeline import Pipeline
from instar.data.rows.conform import conform, wanted_types
from instar.data.rows.folds import TARGET as TARGET

AnyTarget = ExpressionOperator[Any]


def target_operator(target: object) -> AnyTarget:
    """An operator as it is, a name as that column. Raises BadInput for anything else, and for several columns."""
    operator = Column(target) if isinstance(target, str) else target
    if not isinstance(operator, ExpressionOperator):
        raise BadInput(f"target: {target!r} is neither a column's name nor an operator such as Above, Column, Cast")
    if len(operator.writes()) != 1:
        raise BadInput(f"target: {operator} gives {len(operator.writes())} columns; a target is one")
    return operator


class Target:
    """A fitted target. inputs : the raw column it reads

    >>> from instar.data.operators import Above
    >>> from instar.data.operators.bins.above import Threshold
    >>> target = Target(Above("Meter", quantile=0.5), Threshold(50.0, 3), Schema.of(Field("Meter", "int64")))
    >>> target.of(pl.DataFrame({"Meter": [10, 90, None]})).to_list()
    [False, True, None]
    """

    def __init__(self, operator: AnyTarget, state: msgspec.Struct, inputs: Schema) -> None:
        self.operator = operator
        self.state = state
        self.inputs = inputs
        self._wanted = wanted_types(inputs)
        self._pipeline = Pipeline([(operator, state)], inputs)

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns it reads."""
        return self.inputs.names

    @property
    def field(self) -> Field:
        """What it gives, under the name of the raw column."""
        return self.operator.output(self.inputs, self.state)[self.operator.writes()[0]]

    def of(self, frame: pl.DataFrame) -> pl.Series:
        """The target of each row, named TARGET; null where the row has none.

        Raises ColumnMissing and WrongType when the table does not have the column.
        """
        prepared = self._pipeline.apply(conform(frame, self._wanted, "target")).frame
        return prepared.get_column(self.operator.writes()[0]).alias(TARGET)

    def explain(self) -> str:
        return self.operator.explain(self.state)

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal targets, equal bytes."""
        return canonical_json({"inputs": self.inputs, "operator": self.operator.definition(), "state": self.state})

    @classmethod
    def from_bytes(cls, data: bytes) -> Target:
        plain = msgspec.json.decode(data)
        operator = target_operator(operator_from(plain["operator"]))
        return cls(
            operator, msgspec.convert(plain["state"], operator.state_type), msgspec.convert(plain["inputs"], Schema)
        )

    @property
    def digest(self) -> str:
        return digest_bytes(self.to_bytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Target) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return (Target.from_bytes, (self.to_bytes(),))
