"""A value for what is missing, learned in the group of like rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.missing.impute import Filler
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.types import category, finite, number, retyped
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Counts, Frequencies, Grouped, Moments, Of, QuantileGrid, Summary
from instar.data.summaries.values import in_order

Strategy = Literal["mean", "median", "mode"]
_LEARNED: dict[str, type[Summary]] = {"mean": Moments, "median": QuantileGrid, "mode": Frequencies}


class GroupFill(msgspec.Struct, frozen=True, dict=True):
    """keys, values : of each group, the ``by`` columns' values and what is filled in;  overall : where the row has no
    such group, None when no value was seen;  rows, missing : seen in training
    """

    keys: tuple[tuple[Filler, ...], ...]
    values: tuple[Filler, ...]
    overall: Filler | None
    rows: int
    missing: int

    @cached_property
    def places(self) -> dict[tuple[Filler, ...], Filler]:
        return dict(zip(self.keys, self.values))


class GroupFills(msgspec.Struct, frozen=True):
    columns: dict[str, GroupFill]


@operator("impute_by_group", state=GroupFills)
@dataclass(frozen=True, init=False)
class ImputeByGroup(RowsOperator[GroupFills]):
    """Fill what is missing with the mean, median or mode (ties: the least) of the rows with equal values of ``by``.

    by : one or several columns of text, whole numbers or truth values. A row whose group was not seen, had no value, or
    lacks one of ``by`` gets the overall mean, median or mode; a column without any value stays missing.
    mean, median : give float64; the median is that of a quantile grid, exact for up to 512 values of a group in a chunk.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Genre": ["War", "War", "Noir", "Noir", None], "Runtime": [120, None, 80, 90, None]})
    >>> fit([ImputeByGroup("Runtime", by="Genre")], [films]).apply(films).frame["Runtime"].to_list()
    [120.0, 120.0, 80.0, 90.0, 90.0]
    """

    columns: tuple[str, ...]
    by: tuple[str, ...] = ()
    strategy: Strategy = "median"

    def __init__(self, *columns: str, by: str | Sequence[str], strategy: Strategy = "median") -> None:
        by = (by,) if isinstance(by, str) else tuple(by)
        if strategy not in get_args(Strategy):
            raise BadInput(f"ImputeByGroup: unknown strategy {strategy!r}; use one of {', '.join(get_args(Strategy))}")
        if not by:
            raise BadInput('ImputeByGroup: by names no column, so there is one group; name some, or use Impute("Year")')
        self._set(tuple(columns) + tuple(name for name in by if name not in columns), by=by, strategy=strategy)
        if not self.filled:
            raise BadInput(f"ImputeByGroup: every column is in by ({', '.join(by)}); name one that is to be filled")

    @property
    def filled(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name not in self.by)

    def writes(self) -> tuple[str, ...]:
        return self.filled

    def output(self, schema: Schema, state: GroupFills | None = None) -> Schema:
        found = [self._output(schema, name) for name in self.filled]
        for name in self.by:
            category(schema, name, "ImputeByGroup")
        return with_fields(schema, *found)

    def _output(self, schema: Schema, name: str) -> Field:
        if self.strategy != "mode":
            return retyped(number(schema, name, "ImputeByGroup"), "float64")
        field = schema.need(name, "ImputeByGroup")
        field = field if field.is_number else category(schema, name, "ImputeByGroup")
        return retyped(field, "float64" if field.type == "float32" else field.type)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass: the summary of each column, over all rows and in each group."""
        summary = _LEARNED[self.strategy]
        wanted: dict[Hashable, Of] = {("rows", name): Of(Counts, name) for name in self.filled}
        wanted |= {("seen", name): Of(summary, name) for name in self.filled}
        wanted |= {("groups", name): Of(Grouped, *self.by, name, inner=summary.name) for name in self.filled}
        return {key: of for key, of in wanted.items() if key not in known}

    def fit(self, summaries: Known) -> GroupFills:
        return GroupFills({name: self._fill(name, summaries) for name in self.filled})

    def _fill(self, name: str, summaries: Known) -> GroupFill:
        rows, grouped = summaries["rows", name], summaries["groups", name]
        assert isinstance(rows, Counts)
        assert isinstance(grouped, Grouped)
        values = {key: _value(found, name) for key, found in grouped.groups.items() if None not in key}
        keys = sorted((key for key in values if values[key] is not None), key=lambda key: tuple(map(in_order, key)))
        overall = _value(summaries["seen", name], name)
        return GroupFill(tuple(keys), tuple(values[key] for key in keys), overall, rows.rows, rows.nulls)

    def made(self, rows: Batch, state: GroupFills) -> dict[str, pl.Series | Block]:
        return {name: self._made(rows.frame, name, state.columns[name]) for name in self.filled}

    def _made(self, frame: pl.DataFrame, name: str, fill: GroupFill) -> pl.Series:
        series = frame.get_column(name)
        if self.strategy != "mode" or series.dtype == pl.Float32:
            series = series.cast(pl.Float64)
        if not series.null_count() or fill.overall is None:
            return series
        holes = series.is_null().arg_true()
        keys = zip(*(frame.get_column(column).gather(holes).to_list() for column in self.by))
        found = [fill.places.get(key, fill.overall) for key in keys]
        # scatter writes into the series itself: into a copy, which costs nothing until it is written
        return series.clone().scatter(holes, pl.Series(found, dtype=series.dtype))

    def explain(self, state: GroupFills) -> str:
        by = " + ".join(self.by)
        lines = [_words(name, fill, self.strategy, by) for name, fill in state.columns.items()]
        return "\n".join(lines + [f"{name}: only read" for name in self.by])


def _value(found: Summary, name: str) -> Any:
    """What a summary says is to be filled in; None when it has seen no value."""
    match found:
        case Moments():
            return finite(found.mean, "ImputeByGroup", name) if found.n else None
        case QuantileGrid():
            return found.quantile(0.5)
        case Frequencies():
            return found.top(1)[0][0] if found.counts else None
    raise TypeError(f"{found!r} is none of the summaries asked for")


def _words(name: str, fill: GroupFill, strategy: str, by: str) -> str:
    seen = f"{fill.missing} of {fill.rows} were missing"
    if fill.overall is None:
        return f"{name}: no value was seen, so what is missing stays missing ({seen})"
    overall = f"{fill.overall:.6g}" if isinstance(fill.overall, float) else repr(fill.overall)
    return (
        f"{name}: a missing value becomes the {strategy} of its group of {by} ({len(fill.keys)} groups), "
        f"else {overall} ({seen})"
    )
