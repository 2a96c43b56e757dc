"""Long tables to wide ones, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.base.types import dtype_of
from instar.data.operators.types import category, number
from instar.data.steps import options
from instar.data.steps.options import Names, one_of, some_names
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step

Combine = Literal["refuse", "first", "last", "min", "max", "sum", "mean", "count"]
Others = Literal["refuse", "leave"]
_ROW, _NAME, _VALUE, _KEY = "__at__", "__name__", "__value__", "__key__"


@table_step("pivot")
@dataclass(frozen=True, init=False)
class Pivot(TableStep):
    """One row for each key ``by``, and in it a column for each of ``into``: the value of the row with that name.

    names : the column that says which column a row's value goes to (text, whole numbers or truth values)
    values : the column of the values;  into : the names, and so the new columns, which are known before the run
    combine : what two values of one key and name give: ``refuse`` (an error with the key), ``first``, ``last``, ``min``,
    ``max``, ``sum`` and ``mean`` (float64, added in the order of the table), ``count`` (int64; 0 where there is none)
    rest : rows with a name that is not in ``into`` (a missing one included): ``refuse``, or ``leave`` them out, counted

    Keys come in the order in which they are first seen; nulls among them are equal. Missing values are left out.
    Memory: the result.  told : ``cells`` with a value, ``left_out`` (rows)

    >>> from instar.data.steps.step import take
    >>> long = pl.DataFrame({"day": [1, 1, 2], "what": ["rain", "wind", "rain"], "x": [5, 7, 9]})
    >>> take(Pivot("what", "x", into=["rain", "wind"], by="day"), long[:1], long[1:])["out"].rows()
    [(1, 5, 7), (2, 9, None)]
    """

    names: str
    values: str
    into: tuple[str, ...]
    by: tuple[str, ...]
    combine: Combine
    rest: Others

    def __init__(
        self, names: str, values: str, into: Names, by: Names, combine: Combine = "refuse", rest: Others = "refuse"
    ) -> None:
        self._keep(
            names=names,
            values=values,
            into=some_names(into, "Pivot", "into"),
            by=some_names(by, "Pivot", "by"),
            combine=one_of(combine, Combine, "Pivot", "combine"),
            rest=one_of(rest, Others, "Pivot", "rest"),
        )

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        category(schema, self.names, "Pivot")
        value = schema.need(self.values, "Pivot")
        if self.combine in ("sum", "mean"):
            number(schema, self.values, "Pivot")
        type = {"sum": "float64", "mean": "float64", "count": "int64"}.get(self.combine, value.type)
        unit = "" if self.combine == "count" else value.unit
        made = [Field(name, type, unit) for name in self.into]
        return {"out": options.new_columns(schema.select(self.by, "Pivot"), made, "Pivot")}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"cells": 0, "left_out": 0}
        keys, cells, rows = _Keys(self.by), _Cells(self.combine, len(self.into)), 0
        for frame in tables["table"]():
            work = self._named(frame)
            unknown = work.filter(pl.col(_NAME).is_null())[_ROW]
            told["left_out"] += len(unknown)
            stop = unknown[0] if len(unknown) and self.rest == "refuse" else frame.height
            named = work.filter(pl.col(_NAME).is_not_null() & (pl.col(_ROW) < stop))
            cells.add(keys.numbered(named), named)
            if cells.twice is not None:
                self._refuse_second(frame, cells.twice, rows)
            if stop < frame.height:
                self._refuse_name(frame, stop, rows)
            rows += frame.height
        if keys.known is not None:
            made = cells.wide(keys.known.height, self.into)
            told["cells"] = sum(cells.filled(column) for column in made)
            yield {"out": keys.known.drop(_KEY).hstack(made)}

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The keys and values of the rows, with the place of each name in ``into``, null when it is not there."""
        places = {name: at for at, name in enumerate(self.into)}
        name = pl.col(self.names).cast(pl.String)
        return frame.select(
            *(pl.col(key) for key in self.by),
            pl.col(self.values).alias(_VALUE),
            name.replace_strict(places, default=None, return_dtype=pl.Int64).alias(_NAME),
            pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW),
        )

    def _refuse_name(self, frame: pl.DataFrame, at: int, rows: int) -> None:
        raise BadInput(
            f"Pivot: row {rows + at} (counted from 0) has {self.names} {frame[self.names][at]!r}, which is none of "
            f'into={list(self.into)}; add it there, or leave such rows out: rest="leave"'
        )

    def _refuse_second(self, frame: pl.DataFrame, at: int, rows: int) -> None:
        row = frame.row(at, named=True)
        key = ", ".join(f"{name} {row[name]!r}" for name in self.by)
        raise BadInput(
            f"Pivot: row {rows + at} (counted from 0) is the second with a value for {key} and {self.names} "
            f'{row[self.names]!r}; say what two of them give, as combine="last" or combine="mean"'
        )


class _Keys:
    """The keys so far, in the order in which they were first seen."""

    def __init__(self, by: tuple[str, ...]) -> None:
        self._by = by
        self.known: pl.DataFrame | None = None

    def numbered(self, work: pl.DataFrame) -> pl.Series:
        """The number of each row's key; new keys are added."""
        seen = work.select(self._by).unique(maintain_order=True)
        if self.known is not None:
            seen = seen.join(self.known, on=self._by, how="anti", nulls_equal=True, maintain_order="left")
        start = 0 if self.known is None else self.known.height
        seen = seen.with_columns(pl.int_range(start, start + pl.len(), dtype=pl.Int64).alias(_KEY))
        self.known = seen if self.known is None else pl.concat([self.known, seen])
        joined = work.join(self.known, on=self._by, how="left", nulls_equal=True, maintain_order="left")
        return joined[_KEY]


class _Cells:
    """The values so far, one a key and name. twice : the row of the last chunk that gives a cell a second value"""

    def __init__(self, combine: Combine, width: int) -> None:
        self._combine = combine
        self._width = width
        self._found: pl.DataFrame | None = None
        self._type: pl.DataType = dtype_of("null")
        self.twice: int | None = None

    def add(self, keys: pl.Series, work: pl.DataFrame) -> None:
        """The next rows. A sum is added value by value in their order, so that chunks change no bit of it."""
        self._type = work.schema[_VALUE]
        cell = keys * self._width + work[_NAME]
        rows = pl.DataFrame({"cell": cell, _VALUE: work[_VALUE], _ROW: work[_ROW]}).drop_nulls(_VALUE)
        if self._combine in ("sum", "mean", "count"):
            self._sum(rows)
            return
        rows = (
            rows
            if self._found is None
            else pl.concat([self._found.with_columns(pl.lit(-1).cast(pl.Int64).alias(_ROW)), rows])
        )
        again = rows.filter(pl.col("cell").is_first_distinct().not_())
        self.twice = again[_ROW][0] if self._combine == "refuse" and again.height else None
        taken = pl.col(_VALUE)
        value = {"last": taken.last(), "min": taken.min(), "max": taken.max()}.get(self._combine, taken.first())
        self._found = rows.group_by("cell", maintain_order=True).agg(value)

    def _sum(self, rows: pl.DataFrame) -> None:
        cells = rows["cell"].to_numpy()
        size = int(cells.max()) + 1 if len(cells) else 0
        if self._found is None or self._found.height < size:
            more = pl.DataFrame({"sum": np.zeros(size), "count": np.zeros(size, dtype=np.int64)})
            known = more.clear() if self._found is None else self._found
            self._found = pl.concat([known, more[known.height :]])
        sums, counts = (np.array(self._found[name].to_numpy()) for name in ("sum", "count"))
        if self._combine != "count":
            with np.errstate(all="ignore"):
                np.add.at(sums, cells, rows[_VALUE].cast(pl.Float64).to_numpy())
        np.add.at(counts, cells, 1)
        self._found = pl.DataFrame({"sum": sums, "count": counts})

    def filled(self, column: pl.Series) -> int:
        """How many cells of a column got a value."""
        return int((column > 0).sum()) if self._combine == "count" else column.count()

    def wide(self, keys: int, into: tuple[str, ...]) -> list[pl.Series]:
        """One column a name."""
        if self._combine in ("sum", "mean", "count"):
            return [self._added(keys, place).alias(name) for place, name in enumerate(into)]
        found = pl.DataFrame({"cell": [], _VALUE: []}, schema={"cell": pl.Int64(), _VALUE: self._type})
        found = found if self._found is None else self._found
        columns = []
        for place, name in enumerate(into):
            cells = pl.DataFrame({"cell": np.arange(keys, dtype=np.int64) * self._width + place})
            column = cells.join(found, on="cell", how="left", maintain_order="left")[_VALUE]
            columns.append(column.alias(name))
        return columns

    def _added(self, keys: int, place: int) -> pl.Series:
        assert self._found is not None
        size = keys * self._width
        more = pl.DataFrame({"sum": np.zeros(size), "count": np.zeros(size, dtype=np.int64)})
        found = pl.concat([self._found, more[self._found.height :]])[place :: self._width]
        if self._combine == "count":
            return found["count"]
        value = pl.col("sum") / pl.col("count") if self._combine == "mean" else pl.col("sum")
        return found.select(pl.when(pl.col("count") > 0).then(value)).to_series()


@table_step("unpivot")
@dataclass(frozen=True, init=False)
class Unpivot(TableStep):
    """For each row one row for each of ``columns``: its name in the column ``names``, its value in ``values``.

    The columns must have one type. All others stay, once a row; the rows of one row stay together.

    >>> from instar.data.steps.step import take
    >>> wide = pl.DataFrame({"day": [1, 2], "rain": [5, 9], "wind": [7, None]})
    >>> take(Unpivot(["rain", "wind"], names="what", values="x"), wide)["out"].rows()
    [(1, 'rain', 5), (1, 'wind', 7), (2, 'rain', 9), (2, 'wind', None)]
    """

    columns: tuple[str, ...]
    names: str
    values: str
    across_rows = False

    def __init__(self, columns: Names, names: str = "name", values: str = "value") -> None:
        self._keep(columns=some_names(columns, "Unpivot", "columns"), names=names, values=values)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        found = schema.select(self.columns, "Unpivot")
        for field in found:
            if field.type != found.fields[0].type:
                raise BadInput(
                    f"Unpivot: {field.name!r} is {field.type}, {found.fields[0].name!r} is {found.fields[0].type}; "
                    "cast them to one type first"
                )
        kept = Schema(tuple(field for field in schema if field.name not in self.columns))
        unit = found.fields[0].unit if len({field.unit for field in found}) == 1 else ""
        made = [Field(self.names, "string"), Field(self.values, found.fields[0].type, unit)]
        return {"out": options.new_columns(kept, made, "Unpivot")}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        width = len(self.columns)
        for frame in tables["table"]():
            rows = np.repeat(np.arange(frame.height), width)
            turned = np.arange(len(rows)) % width * frame.height + rows
            values = pl.concat([frame[name].alias(self.values) for name in self.columns])[turned]
            kept = frame.drop(self.columns)[rows]
            made = pl.Series(self.names, list(self.columns) * frame.height, dtype=pl.String)
            yield {"out": kept.hstack([made, values])}
