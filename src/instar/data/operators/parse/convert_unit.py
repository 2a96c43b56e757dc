"""Numbers in another unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.parse.units import Affine, affine, same_unit
from instar.data.operators.types import number

_STEP = "ConvertUnit"


class Conversions(msgspec.Struct, frozen=True):
    columns: dict[str, Affine]


@operator("convert_unit", state=Conversions)
@dataclass(frozen=True, init=False)
class ConvertUnit(ExpressionOperator[Conversions]):
    """Numbers in the unit ``to``: ``value * factor + offset``, float64. The schema gets the new unit.

    to, unit : as pint writes them: ``minute``, ``kg``, ``mm/h``, ``degF``, ``percent`` (beware: ``C`` is coulomb)
    unit : what the numbers are in, one for all columns or one for each; None: what the schema says of each column.
    The fit writes it into the definition, with the factor, so that a model in service needs neither schema nor pint.

    A temperature is converted as a point on its scale, with its offset; for a difference write ``delta_degC``. A missing
    value stays missing. Raises BadInput, before any row is read, for an unknown unit, for one that measures something
    else, for a column without a unit, and when the schema says another unit than ``unit``.
    Source: the factors are those of pint, computed as exact fractions.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Runtime": [90.0, None]})
    >>> print(fit([ConvertUnit("Runtime", to="hour", unit="minute")], [films]).apply(films).frame["Runtime"].to_list())
    [1.5, None]
    """

    columns: tuple[str, ...]
    to: str = ""
    unit: tuple[str, ...] | None = None

    def __init__(self, *columns: str, to: str, unit: str | Sequence[str] | None = None) -> None:
        units = (unit,) * len(columns) if isinstance(unit, str) else None if unit is None else tuple(unit)
        if units is not None and len(units) != len(columns):
            raise BadInput(f"{_STEP}: {len(columns)} columns and {len(units)} units; give one unit, or one for each")
        self._set(columns, to=to, unit=units)

    def bound(self, schema: Schema) -> Self:
        return type(self)(*self.columns, to=self.to, unit=self._units(schema))

    def output(self, schema: Schema, state: Conversions | None = None) -> Schema:
        fields = [number(schema, name, _STEP) for name in self.columns]
        if state is None:
            self._units(schema)
        return with_fields(schema, *(Field(field.name, "float64", self.to, field.role) for field in fields))

    def _units(self, schema: Schema) -> tuple[str, ...]:
        """What each column is in. Raises BadInput as the class says."""
        found = tuple(number(schema, name, _STEP).unit for name in self.columns)
        for name, stated, given in zip(self.columns, found, self.unit or found):
            if not given:
                raise BadInput(
                    f"{_STEP}: column {name!r} has no unit; give unit=… here, or units={{{name!r}: …}} at the import"
                )
            if stated and not same_unit(stated, given, _STEP):
                raise BadInput(
                    f"{_STEP}: column {name!r} is in {stated!r} by its schema and in {given!r} by unit=…; "
                    "leave out unit, or correct the schema"
                )
            affine(given, self.to, f"{_STEP}: column {name!r}")
        return self.unit or found

    def fit(self, summaries: Known) -> Conversions:
        assert self.unit is not None
        return Conversions({name: affine(unit, self.to, _STEP) for name, unit in zip(self.columns, self.unit)})

    def expressions(self, state: Conversions, col: Col = pl.col) -> dict[str, pl.Expr]:
        """By multiplication, which is the same on one row and on many (see ``arithmetic``)."""
        return {
            name: col(name).cast(pl.Float64) * change.factor + change.offset for name, change in state.columns.items()
        }

    def explain(self, state: Conversions) -> str:
        return "\n".join(
            f"{name}: {unit} to {self.to}, times {change.factor:.9g}"
            + (f", plus {change.offset:.9g}" if change.offset else "")
            for (name, change), unit in zip(state.columns.items(), self.unit or ())
        )
