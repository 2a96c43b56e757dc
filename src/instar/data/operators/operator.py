"""What an operator is: a row-wise step with a small fitted state, one definition for a chunk and for one row."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.base.tables import Table
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries.summary import Of, Summary

S = TypeVar("S", bound=msgspec.Struct)
Col = Callable[[str], pl.Expr]
Known = Mapping[Hashable, Summary]


class Nothing(msgspec.Struct, frozen=True):
    """The state of an operator that learns nothing."""


class Operator(ABC, Generic[S]):
    """A frozen dataclass that says what it needs to know, what it learns from that, and what it does to a row.

    columns : what it reads, at least one.  An output replaces the column of the same name.
    supervised : whether it learns from the target
    A new version of an operator is one that gives other values for an old state.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    state_type: ClassVar[type[msgspec.Struct]]
    supervised: ClassVar[bool] = False
    columns: tuple[str, ...]

    @abstractmethod
    def output(self, schema: Schema, state: S | None = None) -> Schema:
        """The schema after this operator; before the fit the width of a block is ``?``.

        Raises ColumnMissing and WrongType: this is where a wrong definition is found, before any row is read.
        """

    def bound(self, schema: Schema) -> Self:
        """This operator with what it takes from the schema (a unit) written into its definition, before the fit."""
        return self

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """What is to be summarised next, given what is ``known``; empty when nothing more is wanted."""
        return {}

    @abstractmethod
    def fit(self, summaries: Known) -> S:
        """What is learned from the summaries asked for."""

    @abstractmethod
    def explain(self, state: S) -> str:
        """What was learned, in words: one line for each column."""

    def writes(self) -> tuple[str, ...]:
        """The columns that it replaces or adds."""
        return self.columns

    def consumes(self) -> tuple[str, ...]:
        """The columns that are gone after it: those that a column of another name stands for."""
        return ()

    def features(self, column: str, state: S) -> tuple[str, ...]:
        """The name of each value of ``column``, which it writes as many values a row; empty: they are numbered."""
        return ()

    def definition(self) -> dict[str, Any]:
        """As plain values: ``{"operator": name, "version": 1, "columns": [...], option: value, ...}``."""
        options = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {"operator": self.name, "version": self.version, **options, "columns": list(self.columns)}

    def as_transformer(self, columns: Literal["named", "all"] = "named") -> Any:
        """This operator as a transformer of scikit-learn; see ``instar.data.preparing.scikit``.

        columns : "named" reads the operator's own columns, "all" every column of the table that it is fitted on
        """
        # By name: that module drives fits, so it stands above this one, and scikit-learn is for those who ask for it.
        return import_module("instar.data.preparing.scikit").OperatorTransformer((self,), columns)

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.columns))})"

    def _set(self, columns: tuple[str, ...], **options: Any) -> None:
        """For the constructors of frozen dataclasses, which take the columns one after another."""
        step = type(self).__name__
        if not columns:
            raise BadInput(f'{step}: no column is named; write {step}("Year", …)')
        for column in columns:
            if not isinstance(column, str):
                raise BadInput(f"{step}: a column is named by text, not by {column!r}")
        for option, value in options.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise BadInput(f"{step}: {option}={value} is no number to compute with; give a finite one")
        if len(set(columns)) < len(columns):
            raise BadInput(f"{step}: a column is named twice in {', '.join(columns)}; name each once")
        for key, value in {"columns": columns, **options}.items():
            object.__setattr__(self, key, value)


class ExpressionOperator(Operator[S]):
    """An operator that is Polars expressions. Neighbours fuse into one call, since a call is what one row pays for."""

    @abstractmethod
    def expressions(self, state: S, col: Col = pl.col) -> dict[str, pl.Expr]:
        """The output columns by name. ``col(name)`` is an input column as the operators before this one left it.

        Missing values come as nulls. Every expression is row-wise.
        """


class RowsOperator(Operator[S]):
    """An operator in Python, over all its columns at once: what expressions cannot say.

    folds : whether training rows are treated otherwise than all others (see ``training``)
    """

    folds: ClassVar[bool] = False

    @abstractmethod
    def made(self, rows: Batch, state: S) -> dict[str, pl.Series | Block]:
        """The columns that it writes, by name.

        rows : the columns that it reads, missing values (NaN too) as nulls, blocks as blocks; ``rows.matrix()`` gives
        them as numbers.  Many values a row are a series of ``Array(Float32, n)`` where most differ from 0, else a Block.

        Each row by itself, to the last bit the same alone and among others: see ``arithmetic.product``.
        """

    def training(self, rows: Batch, state: S) -> dict[str, pl.Series | Block]:
        """The same for the rows that it was fitted on, with the column FOLD among ``rows``: for operators with ``folds``,
        which must not show a row its own target. Everything else uses ``made``."""
        return self.made(rows, state)

    def many(self, schema: Schema, columns: tuple[str, ...], widths: tuple[int | None, ...]) -> Schema:
        """The schema with columns of many float32 values; None is a width not known before the fit."""
        return with_fields(schema, *(many_values(name, width) for name, width in zip(columns, widths)))


class BlockOperator(RowsOperator[S]):
    """An operator whose output is one sparse block for each of its columns."""

    @abstractmethod
    def block(self, values: pl.Series, state: S) -> Block:
        """The block of the column ``values.name``, one row for each value."""

    @abstractmethod
    def features(self, column: str, state: S) -> tuple[str, ...]:
        """The name of each of the block's values, without the column's name."""

    def made(self, rows: Batch, state: S) -> dict[str, pl.Series | Block]:
        return {name: self.block(rows.frame.get_column(name), state) for name in self.columns}

    def block_fields(self, schema: Schema, state: S | None) -> Schema:
        """The schema with a block for each column."""
        widths = tuple(None if state is None else len(self.features(column, state)) for column in self.columns)
        return self.many(schema, self.columns, widths)


AnyOperator = Operator[Any]
OPERATORS: Table[type[AnyOperator]] = Table("operator", "instar.operators")
O = TypeVar("O", bound=type[AnyOperator])  # noqa: E741


def operator(name: str, state: type[msgspec.Struct] = Nothing, version: int = 1) -> Callable[[O], O]:
    """Enter an operator in the table under ``name``. state : the type of what it learns"""

    def enter(cls: O) -> O:
        cls.name, cls.version, cls.state_type = name, version, state
        OPERATORS.add(name, cls)
        return cls

    return enter


def operator_from(definition: Mapping[str, Any]) -> AnyOperator:
    """The operator that ``definition()`` wrote. Raises NotFound when no package here has it, and BadInput."""
    options = dict(definition)
    cls = OPERATORS[options.pop("operator")]
    version = options.pop("version")
    if version != cls.version:
        raise BadInput(
            f"operator {cls.name!r}: its definition has version {version}, here is version {cls.version}; "
            "install the version of Instar (or of the plug-in) that wrote it, or fit again"
        )
    return cls(*options.pop("columns"), **options)


def many_values(name: str, width: int | None) -> Field:
    """A column of many float32 values a row; None is a width not known before the fit.

    >>> many_values("Genre", None).type
    'array[float32,?]'
    """
    return Field(name, f"array[float32,{'?' if width is None else width}]", role="feature")


def without_fields(schema: Schema, *gone: str) -> Schema:
    """The schema without these columns."""
    return Schema(tuple(field for field in schema if field.name not in gone))


def with_fields(schema: Schema, *added: Field) -> Schema:
    """The schema with columns replaced in place, and new ones at the end.

    >>> with_fields(Schema.of(Field("a", "int64"), Field("b", "bool")), Field("a", "float64")).fields[0].type
    'float64'
    """
    replaced = {field.name: field for field in added}
    kept = tuple(replaced.pop(field.name, field) for field in schema)
    return Schema(kept + tuple(replaced.values()))
