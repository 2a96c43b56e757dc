"""Texts with a number and a unit as numbers in one unit."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.parse.units import Affine, affine
from instar.data.operators.types import text
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of, QuantityTexts
from instar.data.values.quantities import split_quantity

_STEP = "Quantity"
_CACHED = 4096


class Reading(msgspec.Struct, frozen=True):
    """units : as written in training -> how it is converted;  rows : texts read;  unread : texts that were not

    examples : a few of these;  missing : rows without a text
    """

    units: dict[str, Affine]
    rows: int
    unread: int
    examples: tuple[str, ...]
    missing: int


class Readings(msgspec.Struct, frozen=True):
    columns: dict[str, Reading]


@operator("quantity", state=Readings)
@dataclass(frozen=True, init=False)
class Quantity(RowsOperator[Readings]):
    """The number in texts such as ``12.0 oz``, ``90 min``, ``1,234.5`` or ``0.09%``, in the unit ``to``: float64.

    to : as pint writes it, and the schema's unit afterwards; "" for a number without a unit (a percentage is a share then)
    units : what a unit as written in the texts means, where pint has another meaning or none: ``{"oz": "fluid_ounce"}``
    decimal : the mark before the fraction, "." or ","; the other one may set thousands apart, three digits at a time
    strict : a text that is no quantity, or not one of this kind, is refused (BadInput, which shows it); with
    ``strict=False``, the default, it becomes missing, and ``explain`` counts how many those were in training

    A number without a unit is taken to be in ``to``. A unit is looked up as written, then without a full stop at its end
    and in small letters. It learns the units that occur, with their factors, so that one row needs no pint; a unit that
    is new in service is looked up then. A missing text stays missing.

    >>> from instar.data.preparing.fitting import fit
    >>> beers = pl.DataFrame({"Size": ["12.0 oz", "1 pint", "0.5 l.", "N/A"]})
    >>> sizes = fit([Quantity("Size", to="ml", units={"oz": "fluid_ounce"})], [beers])
    >>> sizes.apply(beers).frame["Size"].round(1).to_list()
    [354.9, 473.2, 500.0, None]
    >>> print(sizes.explain())
    Size: in ml; 3 of 4 texts were read (l., oz, pint); not read: 'N/A'
    """

    columns: tuple[str, ...]
    to: str = ""
    units: tuple[tuple[str, str], ...] = ()
    decimal: str = "."
    strict: bool = False

    def __init__(
        self,
        *columns: str,
        to: str = "",
        units: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        decimal: str = ".",
        strict: bool = False,
    ) -> None:
        pairs = units.items() if isinstance(units, Mapping) else units
        said = tuple(sorted((written, meant) for written, meant in pairs))
        if decimal not in (".", ","):
            raise BadInput(f'{_STEP}: decimal={decimal!r} marks no fraction; use "." or ","')
        self._set(columns, to=to, units=said, decimal=decimal, strict=strict)

    def output(self, schema: Schema, state: Readings | None = None) -> Schema:
        fields = [text(schema, name, _STEP) for name in self.columns]
        for unit in (self.to, *(meant for _, meant in self.units)) if state is None else ():
            affine(unit, self.to, _STEP)
        return with_fields(schema, *(Field(field.name, "float64", self.to, field.role) for field in fields))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {
            ("seen", name): Of(QuantityTexts, name, decimal=self.decimal)
            for name in self.columns
            if ("seen", name) not in known
        }

    def fit(self, summaries: Known) -> Readings:
        return Readings({name: self._reading(summaries["seen", name]) for name in self.columns})

    def _reading(self, seen: object) -> Reading:
        assert isinstance(seen, QuantityTexts)
        changes = {unit: self._change(unit) for unit in sorted(seen.units)}
        known = {unit: change for unit, change in changes.items() if change is not None}
        strange = {unit: seen.units[unit] for unit in changes if unit not in known}
        examples = (*(f"{count} in {unit}" for unit, count in strange.items()), *map(repr, seen.examples))
        rows = {unit: seen.units[unit] for unit in known}
        return Reading(known, sum(rows.values()), seen.unread + sum(strange.values()), examples[:5], seen.missing)

    def _change(self, unit: str) -> Affine | None:
        return _change(unit, self.to, self.units)

    def made(self, rows: Batch, state: Readings) -> dict[str, pl.Series | Block]:
        return {name: self._numbers(rows.frame.get_column(name), state.columns[name].units) for name in self.columns}

    def _numbers(self, texts: pl.Series, known: Mapping[str, Affine]) -> pl.Series:
        """Each text is read once, however often it occurs."""
        read: dict[str | None, float | None] = {None: None}
        values = texts.to_list()
        for cell in values:
            if cell not in read:
                read[cell] = self._number(cell, known)
                if read[cell] is None and self.strict:
                    raise BadInput(
                        f"{_STEP}: column {texts.name!r} has {cell!r}, which is no number in {self.to or 'no unit'}; "
                        "correct it, say what its unit means by units={…}, or let it be missing by strict=False"
                    )
        return pl.Series(texts.name, [read[cell] for cell in values], dtype=pl.Float64)

    def _number(self, cell: str, known: Mapping[str, Affine]) -> float | None:
        if (found := split_quantity(cell, self.decimal)) is None:
            return None
        number, unit = found
        change = known[unit] if unit in known else self._change(unit)
        return None if change is None else number * change.factor + change.offset

    def explain(self, state: Readings) -> str:
        return "\n".join(f"{name}: in {self.to or 'no unit'}; {_words(seen)}" for name, seen in state.columns.items())


@lru_cache(_CACHED)
def _change(unit: str, to: str, units: tuple[tuple[str, str], ...]) -> Affine | None:
    """How the unit, as written, is converted; None for one that is unknown or measures something else."""
    said = dict(units)
    if not unit:
        return Affine(1.0)
    bare = unit.rstrip(".")
    for spelling in (unit, bare, bare.lower()):
        try:
            return affine(said.get(spelling, spelling), to, _STEP)
        except BadInput:
            continue
    return None


def _words(seen: Reading) -> str:
    total = seen.rows + seen.unread
    if not total:
        return "no text was seen"
    shown = f" ({', '.join(unit or 'without a unit' for unit in seen.units)})" if seen.units else ""
    unread = f"; not read: {', '.join(seen.examples)}" if seen.unread else ""
    return f"{seen.rows} of {total} texts were read{shown}{unread}"
