"""Dates and times as numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators.operator import (
    Col,
    ExpressionOperator,
    Known,
    Nothing,
    operator,
    with_fields,
    without_fields,
)
from instar.data.operators.parse.cast import OFFSET, known_zone

_OF_DAY = ("hour", "minute", "second")
PARTS = ("year", "quarter", "month", "week", "day", "weekday", "dayofyear", *_OF_DAY, "is_weekend")
# The first value of a part that goes round, and how many there are; a year's length is that of the year.
_ROUND = {"quarter": (1, 4), "month": (1, 12), "weekday": (1, 7), "hour": (0, 24), "minute": (0, 60), "second": (0, 60)}
CYCLIC = (*_ROUND, "dayofyear")


@operator("date_parts")
@dataclass(frozen=True, init=False)
class DateParts(ExpressionOperator[Nothing]):
    """Each column of dates or times becomes columns of numbers ``<column>_<part>``; the column itself is gone.

    parts : of year, quarter, month, week (ISO), day, weekday (Monday 1), dayofyear (from 1), hour, minute, second: int64;
    is_weekend (Saturday, Sunday): bool
    cyclic : parts as a point on a circle, so that December lies beside January: ``<column>_<part>_sin`` and ``_cos`` of
    ``2 pi (part - first) / number``, float64. For quarter, month, weekday, hour, minute, second, dayofyear (the number
    is the length of the year, 365 or 366).
    format : how text is written, as in ``%Y-%m-%d %H:%M``; needed for text, and only for text
    zone : in whose local time the parts are read, such as ``America/Sao_Paulo``; for instants only: columns with a time
    zone (else their own is taken) and text with an offset (``%z``). Since the offset may be another one in every row, that
    is refused without ``zone``.
    strict : text that does not read so is refused (BadInput, which shows it); with ``strict=False`` its parts are missing

    The parts of a missing value are missing. Two columns may share the parts: ``DateParts("Seen", "Left")``.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Released": ["12 Mar 1998", None]})
    >>> dates = DateParts("Released", parts=["year"], cyclic=["month"], format="%d %b %Y")
    >>> fit([dates], [films]).apply(films).frame["Released_year"].to_list()
    [1998, None]
    >>> dates.writes()
    ('Released_year', 'Released_month_sin', 'Released_month_cos')
    """

    columns: tuple[str, ...]
    parts: tuple[str, ...] = ("year", "month", "day", "weekday")
    cyclic: tuple[str, ...] = ()
    format: str | None = None
    zone: str | None = None
    strict: bool = True

    def __init__(
        self,
        *columns: str,
        parts: Sequence[str] = ("year", "month", "day", "weekday"),
        cyclic: Sequence[str] = (),
        format: str | None = None,
        zone: str | None = None,
        strict: bool = True,
    ) -> None:
        _check("parts", parts, PARTS)
        _check("cyclic", cyclic, CYCLIC)
        if not parts and not cyclic:
            raise BadInput("DateParts: no part is asked for; give parts=[…] or cyclic=[…]")
        if zone is not None:
            known_zone(zone, "DateParts")
        if format is not None:
            _check_format(format, zone)
        self._set(columns, parts=tuple(parts), cyclic=tuple(cyclic), format=format, zone=zone, strict=strict)

    def writes(self) -> tuple[str, ...]:
        return tuple(f"{column}_{part}" for column in self.columns for part, _ in self._asked())

    def consumes(self) -> tuple[str, ...]:
        return self.columns

    def _asked(self) -> Iterator[tuple[str, str]]:
        """The endings of the new columns, and their types."""
        for part in self.parts:
            yield part, "bool" if part == "is_weekend" else "int64"
        for part in self.cyclic:
            yield f"{part}_sin", "float64"
            yield f"{part}_cos", "float64"

    def output(self, schema: Schema, state: Nothing | None = None) -> Schema:
        for column in self.columns:
            self._check_type(column, schema.need(column, "DateParts").type)
        made = [
            Field(f"{column}_{part}", kind, role="feature") for column in self.columns for part, kind in self._asked()
        ]
        kept = without_fields(schema, *self.columns)
        for field in made:
            if field.name in kept:
                raise BadInput(f"DateParts: the input has a column {field.name!r} already; rename it first")
        return with_fields(kept, *made)

    def _check_type(self, column: str, kind: str) -> None:
        if kind == "string":
            if self.format is None:
                hint = 'say how it is written, such as format="%Y-%m-%d"'
                raise WrongType(column, "DateParts", kind, "a date or time", hint)
            return
        if kind.partition("[")[0] not in ("date", "datetime"):
            raise WrongType(column, "DateParts", kind, "a date, a time with its date, or text", "Cast it first")
        if self.format is not None:
            raise BadInput(f"DateParts: format=… is for text, and column {column!r} is {kind}; leave it out")
        if self.zone is not None and not kind.startswith("datetime["):
            raise BadInput(
                f"DateParts: column {column!r} is {kind}, which has no time zone to convert; leave out zone=…"
            )
        if kind == "date" and (of_day := [part for part in (*self.parts, *self.cyclic) if part in _OF_DAY]):
            raise BadInput(f"DateParts: column {column!r} is a date and has no {of_day[0]}; leave it out")

    def fit(self, summaries: Known) -> Nothing:
        return Nothing()

    def expressions(self, state: Nothing, col: Col = pl.col) -> dict[str, pl.Expr]:
        made: dict[str, pl.Expr] = {}
        for column in self.columns:
            time = self._time(col(column))
            made |= {f"{column}_{part}": _part(time, part) for part in self.parts}
            for part in self.cyclic:
                angle = _angle(time, part)
                made |= {f"{column}_{part}_sin": angle.sin(), f"{column}_{part}_cos": angle.cos()}
        return made

    def _time(self, column: pl.Expr) -> pl.Expr:
        if self.format is not None:
            instant = OFFSET.search(self.format) is not None
            kind = pl.Datetime("us", "UTC") if instant else pl.Datetime("us")
            column = column.str.strptime(kind, self.format, strict=self.strict)
        return column if self.zone is None else column.dt.convert_time_zone(self.zone)

    def explain(self, state: Nothing) -> str:
        parts = ", ".join((*self.parts, *(f"{part} as sine and cosine" for part in self.cyclic)))
        written = f" written as {self.format!r}" if self.format else ""
        where = f", in the local time of {self.zone}" if self.zone else ""
        return "\n".join(f"{name}{written}: its {parts}{where}" for name in self.columns)


def _check(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    if isinstance(given, str):
        raise BadInput(f"DateParts: {option}={given!r} is one text; give a list, such as {option}=[{given!r}]")
    for part in given:
        if part not in known:
            raise BadInput(f"DateParts: {option} has no {part!r}; there is: {', '.join(known)}")
    if len(set(given)) < len(given):
        raise BadInput(f"DateParts: {option} names a part twice; name each once")


def _check_format(format: str, zone: str | None) -> None:
    instant = OFFSET.search(format) is not None
    if instant and zone is None:
        raise BadInput(
            f"DateParts: text written as {format!r} has an offset from UTC, which may be another one in every row (mixed "
            'time zones); say in whose local time its parts are to be read, such as zone="UTC"'
        )
    if zone is not None and not instant:
        raise BadInput(f"DateParts: text written as {format!r} has no offset (%z) to convert from; leave out zone=…")


def _part(time: pl.Expr, part: str) -> pl.Expr:
    if part == "is_weekend":
        return time.dt.weekday() >= 6
    name = "ordinal_day" if part == "dayofyear" else part
    found: pl.Expr = getattr(time.dt, name)()
    return found.cast(pl.Int64)


def _angle(time: pl.Expr, part: str) -> pl.Expr:
    """2 pi times the share of the round that is behind it."""
    if part == "dayofyear":
        # Times a number, not divided by the days: Polars divides one row and several in ways that round otherwise.
        day = pl.when(time.dt.is_leap_year()).then(2.0 * math.pi / 366.0).otherwise(2.0 * math.pi / 365.0)
        return (time.dt.ordinal_day().cast(pl.Float64) - 1.0) * day
    first, number = _ROUND[part]
    return (_part(time, part) - first).cast(pl.Float64) * (2.0 * math.pi / number)
