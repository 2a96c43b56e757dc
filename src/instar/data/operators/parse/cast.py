"""Another type for a column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Schema
from instar.base.types import dtype_of
from instar.data.operators.operator import Col, ExpressionOperator, Known, Nothing, operator, with_fields
from instar.data.operators.types import plain, retyped

OFFSET = re.compile(r"%[:#]*z|%\+")  # of a format: an offset from UTC
_TIMES = ("date", "datetime", "time")


@operator("cast")
@dataclass(frozen=True, init=False)
class Cast(ExpressionOperator[Nothing]):
    """Read columns as another type.

    to : ``int64``, ``float64``, ``bool``, ``string``, ``date``, ``datetime``, … (a date as a number counts days since
    1970, a time microseconds);  format : how text is read as a date or time, and how these are written as text. Text with
    an offset from UTC (``%z``) is read as ``datetime[ZONE]``, such as ``datetime[UTC]``: offsets may differ from row to row
    strict : a value that cannot be read is refused (BadInput when it is met); with ``strict=False`` it becomes missing

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Released": ["12 Mar 1998", None]})
    >>> fit([Cast("Released", to="date", format="%d %b %Y")], [films]).apply(films).frame["Released"].to_list()
    [datetime.date(1998, 3, 12), None]
    """

    columns: tuple[str, ...]
    to: str = "float64"
    format: str | None = None
    strict: bool = True

    def __init__(self, *columns: str, to: str = "float64", format: str | None = None, strict: bool = True) -> None:
        if dtype_of(to).is_nested():
            raise BadInput(f"Cast: {to!r} is nested; cast to a type of single values")
        if format is not None:
            if to.partition("[")[0] not in (*_TIMES, "string"):
                raise BadInput(f"Cast: format=… is for dates and times, not for {to!r}; leave it out")
            if to.startswith("datetime"):
                _check_zone(format, to)
        if to.startswith("datetime["):
            known_zone(to[len("datetime[") : -1], "Cast")
        self._set(columns, to=to, format=format, strict=strict)

    def output(self, schema: Schema, state: Nothing | None = None) -> Schema:
        found = [plain(schema, name, "Cast") for name in self.columns]
        for field in found:
            if self.format is not None:
                self._check_format(field.name, field.type)
            else:
                self._check_type(field.name, field.type)
        return with_fields(schema, *(retyped(field, self.to) for field in found))

    def _check_type(self, column: str, kind: str) -> None:
        needed = f"a type that can be read as {self.to}"
        if kind == "string" and self.to.partition("[")[0] in _TIMES:
            raise WrongType(column, "Cast", kind, needed, 'say how it is written, such as format="%Y-%m-%d"')
        if kind == "string" and self.to == "bool":
            raise WrongType(column, "Cast", kind, needed, f'OneHot("{column}") takes it as it is')
        if kind == "binary" and self.to != "string":
            raise WrongType(column, "Cast", kind, needed, f'Cast("{column}", to="string") first')

    def _check_format(self, column: str, kind: str) -> None:
        times = kind.partition("[")[0] in _TIMES
        if not (times if self.to == "string" else kind == "string"):
            raise BadInput(f"Cast: format=… does not apply to column {column!r} ({kind} to {self.to}); leave it out")

    def fit(self, summaries: Known) -> Nothing:
        return Nothing()

    def expressions(self, state: Nothing, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {name: self._read(col(name)) for name in self.columns}

    def _read(self, column: pl.Expr) -> pl.Expr:
        target = dtype_of(self.to)
        if self.format is None:
            return column.cast(target, strict=self.strict)
        if self.to == "string":
            return column.dt.strftime(self.format)
        if isinstance(target, pl.Datetime) and target.time_zone is not None:
            instants = column.str.strptime(pl.Datetime("us", "UTC"), self.format, strict=self.strict)
            return instants.dt.convert_time_zone(target.time_zone)
        return column.str.strptime(target, self.format, strict=self.strict)  # type: ignore[arg-type]

    def explain(self, state: Nothing) -> str:
        refused = "refused" if self.strict else "missing"
        way = f" by {self.format!r}" if self.format else ""
        return "\n".join(f"{name}: read as {self.to}{way}; what cannot be read is {refused}" for name in self.columns)


def _check_zone(format: str, to: str) -> None:
    if (OFFSET.search(format) is not None) == ("[" in to):
        return
    if "[" in to:
        raise BadInput(f'Cast: text written as {format!r} has no offset (%z), so it is no {to}; write to="datetime"')
    raise BadInput(
        f"Cast: text written as {format!r} has an offset from UTC, which may be another one in every row (mixed time "
        'zones); say the zone, such as to="datetime[UTC]"'
    )


def known_zone(zone: str, step: str) -> None:
    """Raises BadInput when there is no time zone of this name."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f'{step}: no time zone {zone!r}; write it as in "America/Sao_Paulo" or "UTC"') from error
