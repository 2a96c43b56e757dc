"""In which units the texts of a column are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from instar.base.errors import WrongType
from instar.data.summaries.frequencies import added
from instar.data.summaries.summary import Summary, column_of, summary
from instar.data.values.quantities import split_quantity

_EXAMPLES = 5


@summary("quantity_texts")
@dataclass(frozen=True)
class QuantityTexts(Summary):
    """How many texts of a column have each unit, as it is written, and how many are no number with a unit.

    decimal : the mark before the fraction, "." or ","
    units : unit -> rows, "" for a number without one;  unread : rows that are no quantity, of which ``examples`` are some:
    the first five by the alphabet;  missing : rows without a text

    >>> rows = pl.DataFrame({"x": ["12.0 oz", "16 oz", "7", "N/A", None]})
    >>> QuantityTexts.of(rows, "x")
    QuantityTexts(units={'oz': 2, '': 1}, unread=1, examples=('N/A',), missing=1)
    """

    guarantee = "exact"
    units: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    examples: tuple[str, ...] = ()
    missing: int = 0

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str, decimal: str = ".") -> Self:
        [name] = columns
        series = column_of(frame, name, "quantity texts")
        if series.dtype not in (pl.String, pl.Null):
            raise WrongType(name, "quantity texts", str(series.dtype), "text", "it has numbers already")
        units: dict[str, int] = {}
        unread = 0
        examples: set[str] = set()
        found = series.drop_nulls()
        counts = found.cast(pl.String).alias("text").value_counts(name="rows")
        for text, rows in counts.iter_rows():
            if (quantity := split_quantity(text, decimal)) is None:
                unread += rows
                examples.add(text)
            else:
                units[quantity[1]] = units.get(quantity[1], 0) + rows
        ordered = {unit: units[unit] for unit in sorted(units, key=lambda unit: (-units[unit], unit))}
        return cls(ordered, unread, tuple(sorted(examples)[:_EXAMPLES]), series.null_count())

    def __or__(self, other: Self) -> Self:
        examples = tuple(sorted({*self.examples, *other.examples})[:_EXAMPLES])
        units = added(self.units, other.units)
        return type(self)(units, self.unread + other.unread, examples, self.missing + other.missing)

    def _plain(self) -> Any:
        units = [[unit, self.units[unit]] for unit in sorted(self.units)]
        return [units, self.unread, list(self.examples), self.missing]

    @classmethod
    def _of_plain(cls, plain: Any) -> Self:
        units, unread, examples, missing = plain
        return cls(dict(map(tuple, units)), unread, tuple(examples), missing)
