"""More columns, from a reference: by key, by time, or by place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import NUMBERS, Field, Schema
from instar.base.types import type_name
from instar.data.operators.types import number, plain
from instar.data.rules.keys import names_of
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step
from instar.data.values.amounts import amount_in
from instar.data.values.partners import Direction, Find, by_cell, by_key, by_place, by_time


@table_step("enrich")
@dataclass(frozen=True, init=False)
class Enrich(TableStep):
    """Add the columns of a reference's row to each row that has a partner there.

    on : key columns; with them alone the partner has the same key, which the reference may have once
    time : a column of both; the partner (of the same key, with ``on``) has the nearest time: ``direction`` is ``backward``
    (the last not after), ``forward`` (the first not before) or ``nearest``;  tolerance : how far it may be: a number in the
    column's own unit for numbers, a time span for times (``"10 minute"``, timedelta)
    place : latitude and longitude in degrees, columns of both; the partner is the nearest point, ``within`` so many km
    (haversine on a sphere of 6371.0088 km), or the one in the same cell of a grid of ``cell`` degrees
    prefix : for columns that the table has too, as in ``latitude`` -> ``weather.latitude``
    gap : a column for how far the partner is, in km or as a difference of times

    Every row stays, in its order; without a partner (or with a missing key, time or place) the new columns are missing.
    The reference is held in memory.
    told : ``rows``, ``matched``, ``coverage`` (their share; null without rows), ``reference_rows``, ``reference_used``
    (rows that are somebody's partner)

    >>> from instar.data.steps.step import take
    >>> trips = pl.DataFrame({"city": ["Recife", "Olinda"], "day": [3, 9]})
    >>> rain = pl.DataFrame({"city": ["Recife", "Recife"], "day": [1, 2], "mm": [4.0, 0.5]})
    >>> take(Enrich(on="city", time="day", gap="age"), trips, reference=[rain])["out"].rows()
    [('Recife', 3, 2, 0.5, 1), ('Olinda', 9, None, None, None)]
    """

    others = ("reference",)
    across_rows = False
    on: tuple[str, ...] = ()
    time: str = ""
    direction: Direction = "backward"
    tolerance: float | str | None = None
    place: tuple[str, str] | None = None
    within: float | None = None
    cell: float | None = None
    prefix: str = "reference"
    gap: str = ""

    def __init__(
        self,
        on: str | tuple[str, ...] = (),
        time: str = "",
        direction: Direction = "backward",
        tolerance: float | str | timedelta | None = None,
        place: tuple[str, str] | None = None,
        within: float | None = None,
        cell: float | None = None,
        prefix: str = "reference",
        gap: str = "",
    ) -> None:
        span = f"{tolerance.total_seconds():.6f} s" if isinstance(tolerance, timedelta) else tolerance
        where = None if place is None else tuple(place)
        self._keep(on=names_of(tuple(on) if not isinstance(on, str) else on, "Enrich") if on else (), time=time)
        self._keep(direction=direction, tolerance=span, place=where, within=within, cell=cell, prefix=prefix, gap=gap)
        self._check()

    def _check(self) -> None:
        if bool(self.place) == bool(self.on or self.time):
            raise BadInput("Enrich: say by what: on= (a key), time= (the nearest time), or place= (the nearest place)")
        if self.direction not in get_args(Direction):
            raise BadInput(f"Enrich: direction={self.direction!r} is unknown; use backward, forward or nearest")
        if self.place is not None and (len(self.place) != 2 or not all(isinstance(name, str) for name in self.place)):
            raise BadInput('Enrich: place= names two columns, such as ("latitude", "longitude")')
        if not self.time and self.tolerance is not None:
            raise BadInput("Enrich: tolerance= is for time=; leave it out, or give within= for a place")
        if not self.place and (self.within is not None or self.cell is not None):
            raise BadInput("Enrich: within= and cell= are for place=; leave them out")
        if self.within is not None and self.cell is not None:
            raise BadInput("Enrich: give within= (km) or cell= (degrees), not both")
        for option in ("within", "cell", "tolerance"):
            value = getattr(self, option)
            if isinstance(value, int | float) and not (
                math.isfinite(value) and value >= 0 and (value or option != "cell")
            ):
                raise BadInput(f"Enrich: {option}={value} is no distance; give a finite positive number")
        if self.gap and (self.cell is not None or not (self.time or self.place)):
            raise BadInput("Enrich: gap= is for time= and for the nearest place; equal keys and cells are no way apart")

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        reference = others["reference"]
        for column in (*self.on, *((self.time,) if self.time else ())):
            field = plain(schema, column, "Enrich")
            if (other := reference.need(column, "Enrich (reference)").type) != field.type:
                raise WrongType(
                    column, "Enrich", f"{field.type}, in the reference {other}", "one type", "cast one of them"
                )
        for column in self.place or ():
            number(schema, column, "Enrich")
            number(reference, column, "Enrich (reference)")
        if self.time:
            self._span(schema[self.time].type)
        names = self._names(schema.names, reference.names)
        added = [Field(names[one.name], one.type, one.unit, one.role) for one in reference if one.name in names]
        return {"out": Schema((*schema.fields, *added, *self._gap_field(schema)))}

    def _names(self, mine: tuple[str, ...], theirs: tuple[str, ...]) -> dict[str, str]:
        """The names that the reference's columns get."""
        names = {name: f"{self.prefix}.{name}" if name in mine else name for name in theirs if name not in self.on}
        every = [*mine, *names.values(), *((self.gap,) if self.gap else ())]
        if twice := next((name for name in every if every.count(name) > 1), ""):
            raise BadInput(f"Enrich: there would be two columns {twice!r}; give another prefix= or gap=")
        return names

    def _gap_field(self, schema: Schema) -> tuple[Field, ...]:
        if not self.gap:
            return ()
        if self.place:
            return (Field(self.gap, "float64", "km"),)
        field = schema[self.time]
        return (Field(self.gap, field.type, field.unit) if field.is_number else Field(self.gap, "duration"),)

    def _span(self, kind: str) -> pl.Expr | None:
        """The tolerance in what a difference of times of this type is."""
        if kind in NUMBERS:
            if kind == "bool" or isinstance(self.tolerance, str):
                needed = "a number as tolerance=" if kind != "bool" else "a column of numbers or times as time="
                raise BadInput(f"Enrich: column {self.time!r} is {kind}; give {needed}")
            return None if self.tolerance is None else pl.lit(self.tolerance)
        if kind != "date" and not kind.startswith("datetime"):
            raise WrongType(self.time, "Enrich", kind, "a column of numbers, dates or times", "cast it first")
        if self.tolerance is None:
            return None
        if not isinstance(self.tolerance, str):
            raise BadInput(f'Enrich: column {self.time!r} is {kind}; give tolerance= with a unit, such as "10 minute"')
        return pl.duration(microseconds=round(amount_in(self.tolerance, "microsecond", "Enrich")))

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"rows": 0, "matched": 0, "coverage": None, "reference_rows": 0, "reference_used": 0}
        parts = [frame.select(pl.exclude("^__.*$")) for frame in tables["reference"]()]
        if not parts:
            if any(frame.height for frame in tables["table"]()):
                raise BadInput("enrich: the reference has not even a chunk, so its columns are not known")
            return
        reference = pl.concat(parts)
        told["reference_rows"] = reference.height
        find: Find | None = None
        used = pl.Series(dtype=pl.UInt32)
        for frame in tables["table"]():
            find = find or self._finder(reference, frame)
            partners = find(frame)
            used = pl.concat([used, partners.rows.drop_nulls().cast(pl.UInt32)]).unique()
            told["rows"] += frame.height
            told["matched"] += partners.rows.count()
            told["coverage"] = told["matched"] / told["rows"] if told["rows"] else None
            told["reference_used"] = used.len()
            shown = tuple(name for name in frame.columns if not name.startswith("__"))
            names = self._names(shown, tuple(reference.columns))
            theirs = reference.select(pl.col(*names).gather(partners.rows)).rename(names)
            made = pl.concat([frame.select(shown), theirs], how="horizontal")
            if self.gap:
                made = made.with_columns(partners.gap.alias(self.gap))
            yield {"out": made.with_columns(frame.select(pl.exclude(*shown)))}

    def _finder(self, reference: pl.DataFrame, frame: pl.DataFrame) -> Find:
        if self.time:
            tolerance = self._span(type_name(frame.schema[self.time]))
            return by_time(reference, self.time, self.on, self.direction, tolerance)
        if self.place is None:
            return by_key(reference, self.on)
        if self.cell is not None:
            return by_cell(reference, self.place, self.cell)
        return by_place(reference, self.place, self.within)
