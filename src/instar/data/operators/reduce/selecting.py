"""What the operators that select columns share: the columns in, one array of the kept ones out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import RowsOperator, with_fields, without_fields
from instar.data.operators.types import is_block, number
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block

S = TypeVar("S", bound=msgspec.Struct)


class ManyToOne(RowsOperator[S], Generic[S]):
    """An operator that reads columns of numbers, or one array column, and writes the array ``into`` in their place."""

    into: str

    def _set_into(self, columns: tuple[str, ...], into: str, **options: object) -> None:
        if not isinstance(into, str) or not into:
            raise BadInput(f"{type(self).__name__}: into={into!r} is no name; give the new column's")
        self._set(columns, into=into, **options)

    def writes(self) -> tuple[str, ...]:
        return (self.into,)

    def consumes(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name != self.into)

    def inputs(self, schema: Schema) -> list[Field]:
        """The fields read. Raises ColumnMissing, WrongType and BadInput."""
        step = type(self).__name__
        if self.into in schema and self.into not in self.columns:
            raise BadInput(f"{step}: the input has a column {self.into!r} already; give another name with into=")
        if len(self.columns) == 1 and is_block(field := schema.need(self.columns[0], step)):
            return [field]
        return [number(schema, name, step) for name in self.columns]

    def array_field(self, schema: Schema, width: int | None, kind: str) -> Schema:
        """The schema after it. kind : of the values;  width : None before the fit"""
        written = Field(self.into, f"array[{kind},{'?' if width is None else width}]", role="feature")
        return with_fields(without_fields(schema, *self.consumes()), written)

    def value_names(self, width: int) -> tuple[str, ...]:
        """The name of each value read: the column's, or the place in the array."""
        return self.columns if len(self.columns) == width else tuple(map(str, range(width)))


class SelectOperator(ManyToOne[S]):
    """A selection: the array holds the values of the kept columns as they are, missing ones missing."""

    @abstractmethod
    def kept(self, state: S) -> tuple[int, ...]:
        """The places of the values kept, ascending."""

    @abstractmethod
    def width(self, state: S) -> int:
        """The values read in a row."""

    def output(self, schema: Schema, state: S | None = None) -> Schema:
        [field, *_] = self.inputs(schema)
        kind = "float32" if field.type.startswith("array[float32") else "float64"
        return self.array_field(schema, None if state is None else len(self.kept(state)), kind)

    def features(self, column: str, state: S) -> tuple[str, ...]:
        names = self.value_names(self.width(state))
        return tuple(names[place] for place in self.kept(state))

    def made(self, rows: Batch, state: S) -> dict[str, pl.Series | Block]:
        """A block stays one; plain columns give float64, so that no value is rounded."""
        kept = list(self.kept(state))
        if rows.blocks:
            return {self.into: _columns_of(rows.blocks[self.columns[0]], kept)}
        dtypes = rows.frame.dtypes
        of_arrays = isinstance(dtypes[0], pl.Array)
        matrix = rows.matrix() if of_arrays else rows.matrix([self.columns[place] for place in kept])
        assert isinstance(matrix, np.ndarray)
        values = np.ascontiguousarray(matrix[:, kept] if of_arrays else matrix)
        kind = pl.Float32 if of_arrays and dtypes[0] == pl.Array(pl.Float32, matrix.shape[1]) else pl.Float64
        there = rows.frame.to_series(0).is_not_null().to_numpy() if of_arrays else np.ones(rows.height, dtype=bool)
        return {self.into: array_series(self.into, values, kind, there)}


def array_series(
    name: str, values: NDArray[np.float64], kind: type[pl.DataType], there: NDArray[np.bool_]
) -> pl.Series:
    """Rows of numbers as a column of arrays: NaN as missing numbers, rows that are not ``there`` as missing arrays."""
    height, width = values.shape
    array = pl.Array(kind, width)
    if width and np.isnan(values).any():
        flat = pl.Series(name, values.reshape(-1)).fill_nan(None).cast(kind)
        made = flat.reshape((height, width)) if height else pl.Series(name, [], dtype=array)
    else:
        made = pl.Series(name, values, dtype=pl.Array(pl.Float64, width)).cast(array)
    if there.all():
        return made
    return pl.select(pl.when(pl.Series(there)).then(made).alias(name)).to_series()


def _columns_of(block: Block, kept: Sequence[int]) -> Block:
    chosen = block.csr()[:, list(kept)]
    chosen.sort_indices()
    starts, places = chosen.indptr.astype(np.int64), chosen.indices.astype(np.int32)
    return Block(len(kept), starts, places, chosen.data.astype(np.float32))


def whole(step: str, option: str, value: object, least: int = 1) -> None:
    """Raises BadInput unless an option is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(f"{step}: {option}={value!r}; give a whole number of at least {least}")
