"""A value for what is missing."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
import numpy as np
import polars as pl

from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import category, finite, number, retyped
from instar.data.summaries import Counts, Frequencies, Moments, Of, QuantileGrid, Summary

Strategy = Literal["mean", "median", "mode", "constant"]
Filler = bool | int | float | str
_LEARNED: dict[str, type[Summary]] = {"mean": Moments, "median": QuantileGrid, "mode": Frequencies}
_NEUTRAL: dict[str, Filler] = {"string": "", "bool": False, "float32": 0.0, "float64": 0.0}


class Fill(msgspec.Struct, frozen=True):
    """value : what is filled in;  rows, missing : seen in training, 0 for a constant, which asks nothing

    known : whether any value was seen (else ``value`` is a neutral one)
    """

    value: Filler
    rows: int = 0
    missing: int = 0
    known: bool = True


class Fills(msgspec.Struct, frozen=True):
    columns: dict[str, Fill]


@operator("impute", state=Fills)
@dataclass(frozen=True, init=False)
class Impute(ExpressionOperator[Fills]):
    """Fill what is missing with the column's mean, median, mode (ties: the least) or a constant ``value``.

    mean, median : give float64.  mode : numbers, text, truth values.  A column without any value gets 0, "" or False.
    indicator : adds a column ``<name>_missing`` that says where a value was filled in.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Runtime": [90, None, 100]})
    >>> fit([Impute("Runtime", strategy="median")], [films]).apply(films).frame["Runtime"].to_list()
    [90.0, 95.0, 100.0]
    """

    columns: tuple[str, ...]
    strategy: Strategy = "mean"
    value: Filler | None = None
    indicator: bool = False

    def __init__(
        self, *columns: str, strategy: Strategy = "mean", value: Filler | None = None, indicator: bool = False
    ) -> None:
        if strategy not in get_args(Strategy):
            raise BadInput(f"Impute: unknown strategy {strategy!r}; use one of {', '.join(get_args(Strategy))}")
        if (strategy == "constant") != (value is not None):
            raise BadInput('Impute: strategy="constant" and value=… go together; give both or neither')
        self._set(columns, strategy=strategy, value=value, indicator=indicator)

    def writes(self) -> tuple[str, ...]:
        return self.columns + tuple(f"{name}_missing" for name in self.columns if self.indicator)

    def output(self, schema: Schema, state: Fills | None = None) -> Schema:
        filled = [retyped(field, self._type(field)) for field in self._inputs(schema)]
        flags = [Field(f"{name}_missing", "bool", role="feature") for name in self.columns if self.indicator]
        for flag in flags:
            if flag.name in schema:
                raise BadInput(
                    f"Impute: the input has a column {flag.name!r} already; rename it, or leave out indicator"
                )
        return with_fields(schema, *filled, *flags)

    def _inputs(self, schema: Schema) -> list[Field]:
        if self.strategy in ("mean", "median"):
            for name in self.columns:
                if schema.need(name, "Impute").type == "string":
                    hint = f'strategy="mode" takes text; where it holds numbers, Cast("{name}", to="float64") first'
                    raise WrongType(name, "Impute", "string", f"a column of numbers for the {self.strategy}", hint)
            return [number(schema, name, "Impute") for name in self.columns]
        found = [schema.need(name, "Impute") for name in self.columns]
        found = [field if field.is_number else category(schema, field.name, "Impute") for field in found]
        for field in found if self.strategy == "constant" else ():
            if not _fits(self.value, field):
                hint = f"give a value of its type, or Cast({field.name!r}, to=…) first"
                raise WrongType(field.name, "Impute", field.type, f"a column that can hold {self.value!r}", hint)
        return found

    def _type(self, field: Field) -> str:
        wide = self.strategy in ("mean", "median") or isinstance(self.value, float)
        return "float64" if wide or (self.strategy == "mode" and field.type == "float32") else field.type

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass; none for a constant."""
        if self.strategy == "constant":
            return {}
        summary = _LEARNED[self.strategy]
        wanted: dict[Hashable, Of] = {("seen", name): Of(summary, name) for name in self.columns}
        wanted |= {("rows", name): Of(Counts, name) for name in self.columns}
        return {key: of for key, of in wanted.items() if key not in known}

    def fit(self, summaries: Known) -> Fills:
        if self.value is not None:
            return Fills({name: Fill(self.value) for name in self.columns})
        return Fills({name: self._fill(name, summaries) for name in self.columns})

    def _fill(self, name: str, summaries: Known) -> Fill:
        rows = summaries["rows", name]
        assert isinstance(rows, Counts)
        value: Any = None
        neutral: Filler = 0.0
        match summaries["seen", name]:
            case Moments() as seen:
                value = finite(seen.mean, "Impute", name) if seen.n else None
            case QuantileGrid() as seen:
                value = seen.quantile(0.5)
            case Frequencies() as seen:
                value = seen.top(1)[0][0] if seen.counts else None
                neutral = _NEUTRAL.get(seen.kind, 0)
        known = value is not None
        return Fill(value if known else neutral, rows.rows, rows.nulls, known)

    def expressions(self, state: Fills, col: Col = pl.col) -> dict[str, pl.Expr]:
        """A float fills a column of floats: an integer column becomes one also where nothing is missing."""
        filled = {}
        for name, fill in state.columns.items():
            column = col(name).cast(pl.Float64) if isinstance(fill.value, float) else col(name)
            filled[name] = column.fill_null(pl.lit(fill.value))
        flags = {f"{name}_missing": col(name).is_null() for name in self.columns if self.indicator}
        return filled | flags

    def explain(self, state: Fills) -> str:
        return "\n".join(self._words(name, fill) for name, fill in state.columns.items())

    def _words(self, name: str, fill: Fill) -> str:
        if self.strategy == "constant":
            return f"{name}: a missing value becomes {fill.value!r}"
        shown = f"{fill.value:.6g}" if isinstance(fill.value, float) else repr(fill.value)
        seen = f"{fill.missing} of {fill.rows} were missing"
        if not fill.known:
            return f"{name}: a missing value becomes {shown}, since no value was seen ({seen})"
        return f"{name}: a missing value becomes the {self.strategy}, {shown} ({seen})"


def _fits(value: Filler | None, field: Field) -> bool:
    """Whether a column can hold the constant: text in text, truth values in bool, numbers in (wide enough) numbers."""
    if isinstance(value, bool):
        return field.type == "bool"
    if isinstance(value, str):
        return field.type == "string"
    if field.type.startswith("float") or isinstance(value, float):
        return field.is_number and field.type != "bool"
    if not field.is_number or field.type == "bool" or value is None:
        return False
    bounds = np.iinfo(field.type)
    return int(bounds.min) <= value <= int(bounds.max)
