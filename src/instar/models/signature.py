"""What a model version needs and what it gives. (A person's signature is in ``instar.models.signing``.)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema

Task = Literal["binary", "multiclass", "regression"]
Label = bool | int | float | str


class ModelSignature(msgspec.Struct, frozen=True):
    """The features a version needs, in the order its preparation names them, and the target it gives.

    Any feature may be null in a request unless the preparation cannot take it.

    classes : the values the target can take, in the order of the columns of the scores; empty in a regression

    >>> signature = ModelSignature((Field("Year", "int64"),), Field("good", "bool"), "binary", (False, True))
    >>> signature.names, signature.positive
    (('Year',), True)
    """

    features: tuple[Field, ...]
    target: Field
    task: Task
    classes: tuple[Label, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.features)

    @property
    def schema(self) -> Schema:
        """The features as the schema of a table."""
        return Schema(self.features)

    @property
    def positive(self) -> Label:
        """In a binary task the class whose score ranks the rows: the second one. Raises BadInput in other tasks."""
        if self.task != "binary":
            raise BadInput(f"a {self.task} model has no positive class; read the scores of each class")
        return self.classes[1]


def signature_of(estimator: Any, features: Iterable[Field], target: Field) -> ModelSignature:
    """The signature of a fitted ``estimator``: its task and classes are read from what it learned."""
    described = tuple(
        Field(field.name, field.type, field.unit, "feature") if field.role != "feature" else field for field in features
    )
    classes = plain_classes(getattr(estimator, "classes_", ()))
    task: Task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    return ModelSignature(described, Field(target.name, target.type, target.unit, "target"), task, classes)


def plain_classes(classes: Sequence[Any] | np.ndarray[Any, Any]) -> tuple[Label, ...]:
    """Classes as plain Python values. Raises BadInput for labels that are not text, numbers or truth values."""
    plain = tuple(value.item() if isinstance(value, np.generic) else value for value in classes)
    for value in plain:
        if not isinstance(value, Label):
            raise BadInput(
                f"the class {value!r} is a {type(value).__name__}; "
                "train on a target of text, whole numbers or truth values"
            )
    return plain


def type_of_classes(classes: Sequence[Label]) -> str:
    """The type of a target that takes ``classes``; ``float64`` when there are none.

    >>> type_of_classes((False, True)), type_of_classes((0, 1)), type_of_classes(())
    ('bool', 'int64', 'float64')
    """
    kinds = {type(value) for value in classes}
    if kinds == {bool}:
        return "bool"
    if kinds and kinds <= {bool, int}:
        return "int64"
    return "string" if str in kinds else "float64"
