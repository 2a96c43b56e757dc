"""The schema of a table: names, types, units and roles, in words that no library owns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import msgspec

from instar.base.errors import BadInput, ColumnMissing

Role = Literal["", "id", "feature", "target", "context", "time"]
NUMBERS = frozenset(
    ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool"]
)


class Field(msgspec.Struct, frozen=True):
    """One column.

    type : ``int64``, ``float64``, ``string``, ``bool``, ``date``, ``datetime``, ``list[string]``, ``array[float32,40]`` …
    unit : free text such as ``minute`` or ``mm/h``; empty when it has none
    role : what the column is for; columns of role ``id`` are left out when rows are compared
    """

    name: str
    type: str
    unit: str = ""
    role: Role = ""

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise BadInput(
                f"column {self.name!r}: unknown role {self.role!r}; use one of {', '.join(get_args(Role)[1:])}"
            )

    @property
    def is_number(self) -> bool:
        return self.type in NUMBERS


class Schema(msgspec.Struct, frozen=True):
    """The columns of a table, in order.

    >>> schema = Schema.of(Field("Year", "int64"), Field("Title", "string"))
    >>> schema.names, schema["Year"].is_number
    (('Year', 'Title'), True)
    """

    fields: tuple[Field, ...] = ()

    @classmethod
    def of(cls, *fields: Field) -> Schema:
        return cls(fields)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self.fields)

    def __getitem__(self, name: str) -> Field:
        return self.need(name, "schema")

    def need(self, name: str, step: str) -> Field:
        """The column ``name``, which ``step`` asks for. Raises ColumnMissing."""
        for field in self.fields:
            if field.name == name:
                return field
        raise ColumnMissing(name, step, self.names)

    def select(self, names: Iterable[str], step: str = "select") -> Schema:
        return Schema(tuple(self.need(name, step) for name in names))
