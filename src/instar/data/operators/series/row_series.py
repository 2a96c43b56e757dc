"""What the operators on series share: which columns are a series, and what is written in their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import RowsOperator, with_fields, without_fields
from instar.data.rows.batch import Batch
from instar.data.values.series import series_field

S = TypeVar("S", bound=msgspec.Struct)


class SeriesOperator(RowsOperator[S]):
    """An operator on series: each column is one and is replaced, or with ``into`` all of them side by side are one.

    into : the column that is written; the others are gone.  Without it: each column, in its place
    """

    into: str | None

    def _set_series(self, columns: tuple[str, ...], into: str | None, **options: object) -> None:
        if into is not None and (not isinstance(into, str) or not into):
            raise BadInput(f"{type(self).__name__}: into={into!r} is no name; give the new column's")
        self._set(columns, into=into, **options)

    def series(self) -> tuple[str, ...]:
        """The columns that hold points: all, unless one holds their times."""
        return self.columns

    def written(self) -> dict[str, tuple[str, ...]]:
        """Of each column written, those that are its series."""
        return {self.into: self.series()} if self.into is not None else {name: (name,) for name in self.series()}

    def writes(self) -> tuple[str, ...]:
        return tuple(self.written())

    def consumes(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name not in self.written())

    def inputs(self, schema: Schema) -> dict[str, list[Field]]:
        """The fields of each series. Raises ColumnMissing, WrongType and BadInput."""
        step = type(self).__name__
        for name in self.series():
            series_field(schema, name, step)
        if self.into is not None and self.into in schema and self.into not in self.columns:
            raise BadInput(f"{step}: the input has a column {self.into!r} already; give another name with into=")
        return {written: [schema.need(name, step) for name in names] for written, names in self.written().items()}

    def replaced(self, schema: Schema, fields: Iterable[Field]) -> Schema:
        """The schema with what is written, and without what that stands for."""
        return with_fields(without_fields(schema, *self.consumes()), *fields)


def plain_frame(rows: Batch, columns: Iterable[str]) -> pl.DataFrame:
    """The columns, blocks as arrays."""
    return (rows.to_polars() if rows.blocks else rows.frame).select_seq(*columns)
