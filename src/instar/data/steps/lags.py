"""Values of the rows before and after, in new columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.steps import options
from instar.data.steps.options import Names, names, some_names, whole
from instar.data.steps.series import Order, first_rows, following, keyed, last_rows
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step

Counts = int | tuple[int, ...] | list[int]


@table_step("lags")
@dataclass(frozen=True, init=False)
class Lags(TableStep):
    """For each of ``columns``: its value ``lags`` rows before, ``leads`` rows after, and its change since a row before.

    ``<column>_lag_1`` is the value of the row before, ``<column>_lead_1`` of the row after, ``<column>_diff_1`` the
    value less the one of the row before (whole numbers as int64, times as a duration); null where there is no such row.

    by : the rows of each group for themselves;  time : a column in which they must ascend, which is checked. Without it
    the order of the table is taken as it is.
    Memory: the last ``max(lags)`` rows of each group. With ``leads`` the table is read twice, and the first ``max(leads)``
    rows of each group in each chunk are kept, of the named columns.

    >>> from instar.data.steps.step import take
    >>> rain = pl.DataFrame({"mm": [1.0, 4.0, 2.0]})
    >>> take(Lags("mm", lags=1, differences=1), rain[:1], rain[1:])["out"].rows()
    [(1.0, None, None), (4.0, 1.0, 3.0), (2.0, 4.0, -2.0)]
    """

    columns: tuple[str, ...]
    lags: tuple[int, ...]
    leads: tuple[int, ...]
    differences: tuple[int, ...]
    by: tuple[str, ...]
    time: str

    def __init__(
        self,
        columns: Names,
        lags: Counts = (),
        leads: Counts = (),
        differences: Counts = (),
        by: Names = (),
        time: str = "",
    ) -> None:
        if not lags and not leads and not differences and 0 not in (lags, leads, differences):
            lags = 1
        self._keep(
            columns=some_names(columns, "Lags", "columns"),
            lags=_counts(lags, "lags"),
            leads=_counts(leads, "leads"),
            differences=_counts(differences, "differences"),
            by=names(by),
            time=time,
        )

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.by, "Lags")
        if self.time:
            options.time(schema, self.time, "Lags")
        fields = []
        for name in self.columns:
            field = schema.need(name, "Lags")
            for word, counts in (("lag", self.lags), ("lead", self.leads)):
                fields += [Field(f"{name}_{word}_{count}", field.type, field.unit) for count in counts]
            for count in self.differences:
                unit = "" if options.is_moment(field) else field.unit
                fields.append(Field(f"{name}_diff_{count}", _difference(field), unit))
        return {"out": options.new_columns(schema, fields, "Lags")}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        after = self._after(tables["table"]) if self.leads else []
        back = max((*self.lags, *self.differences), default=0)
        order = Order("Lags", self.time, self.by)
        before: pl.DataFrame | None = None
        for at, frame in enumerate(tables["table"]()):
            order.check(frame)
            work, keys = keyed(frame, self.by, self.columns)
            before = work.clear() if before is None else before
            known = pl.concat([before, work])
            every = pl.concat([known, after[at]]) if after else known
            made = every.select(self._columns(every, keys)).slice(before.height, frame.height)
            yield {"out": frame.hstack(made)}
            before = last_rows(known, keys, back) if back else before

    def _after(self, rows: Rows) -> list[pl.DataFrame]:
        count = max(self.leads)

        def head(frame: pl.DataFrame) -> pl.DataFrame:
            return first_rows(*keyed(frame, self.by, self.columns), count)

        def joined(near: pl.DataFrame, far: pl.DataFrame) -> pl.DataFrame:
            return first_rows(*keyed(pl.concat([near, far]), self.by, near.columns), count).select(near.columns)

        return following(rows, self.by, head, joined)

    def _columns(self, work: pl.DataFrame, keys: list[str]) -> list[pl.Expr]:
        made = []
        for name in self.columns:
            column, value = pl.col(name), _subtracted(name, work.schema[name])
            made += [column.shift(count).over(keys).alias(f"{name}_lag_{count}") for count in self.lags]
            made += [column.shift(-count).over(keys).alias(f"{name}_lead_{count}") for count in self.leads]
            for count in self.differences:
                change = value - value.shift(count).over(keys)
                if work.schema[name].is_temporal():
                    change = change.cast(pl.Duration("us"))
                made.append(change.alias(f"{name}_diff_{count}"))
        return made


def _counts(value: Counts, what: str) -> tuple[int, ...]:
    found = (value,) if isinstance(value, int) else tuple(value)
    if len(set(found)) < len(found):
        raise BadInput(f"Lags: {what}={value!r} has a number twice; give each once")
    return tuple(whole(count, 1, "Lags", what) for count in found)


def _difference(field: Field) -> str:
    """The type of a difference of two values."""
    if field.type in ("float32", "float64", "uint64"):
        return "float64" if field.type == "uint64" else field.type
    if field.is_number:
        return "int64"
    if options.is_moment(field) or field.type == "duration":
        return "duration"
    raise WrongType(field.name, "Lags", field.type, "a number or a time", "leave it out of the columns of differences")


def _subtracted(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.UInt64:
        return pl.col(name).cast(pl.Float64)
    return pl.col(name).cast(pl.Int64) if dtype.is_integer() or dtype == pl.Boolean else pl.col(name)
