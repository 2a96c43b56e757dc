"""The value of the row before, or after, where one is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.steps import options
from instar.data.steps.options import Names, names, some_names, whole
from instar.data.steps.series import Order, first_rows, following, keyed, last_rows
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step

_PLACE = "__place__"  # of a row in its group


@dataclass(frozen=True, init=False)
class Fill(TableStep):
    """What both directions share."""

    columns: tuple[str, ...]
    by: tuple[str, ...]
    time: str
    limit: int | None

    def __init__(self, columns: Names, by: Names = (), time: str = "", limit: int | None = None) -> None:
        word = type(self).__name__
        self._keep(
            columns=some_names(columns, word, "columns"),
            by=names(by),
            time=time,
            limit=limit if limit is None else whole(limit, 1, word, "limit"),
        )

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        word = type(self).__name__
        schema.select((*self.columns, *self.by), word)
        if self.time:
            options.time(schema, self.time, word)
        if twice := sorted(set(self.columns) & {*self.by, self.time}):
            raise BadInput(f"{word}: {twice[0]!r} is filled and orders the rows too; leave it out of one of them")
        return {"out": schema}

    def _start(self, told: Told) -> Order:
        told |= {"filled": dict.fromkeys(self.columns, 0), "left_missing": dict.fromkeys(self.columns, 0)}
        return Order(type(self).__name__, self.time, self.by)

    def _filled(self, frame: pl.DataFrame, work: pl.DataFrame, told: Told) -> pl.DataFrame:
        """The frame with its missing values from ``work``, its own rows with the places where the values stood."""
        made = []
        for name in self.columns:
            near = pl.lit(True) if self.limit is None else (pl.col(_PLACE) - pl.col(_at(name))).abs() <= self.limit
            values = work.select(pl.when(near).then(pl.col(name))).to_series().alias(name)
            missing = values.null_count()
            told["filled"][name] += frame[name].null_count() - missing
            told["left_missing"][name] += missing
            made.append(values)
        return frame.with_columns(made)


@table_step("fill_forward")
@dataclass(frozen=True, init=False)
class FillForward(Fill):
    """A missing value becomes the last one before it, at most ``limit`` rows back (all, when it is None).

    by : the rows of each group for themselves;  time : a column in which they must ascend, which is checked
    Nulls are filled, NaN is a value. Memory: one row a group. told : ``filled`` and ``left_missing``, by column

    >>> from instar.data.steps.step import take
    >>> river = pl.DataFrame({"level": [None, 2, None, None, 5]})
    >>> take(FillForward("level", limit=1), river[:3], river[3:])["out"]["level"].to_list()
    [None, 2, 2, None, 5]
    """

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        order = self._start(told)
        state: pl.DataFrame | None = None
        for frame in tables["table"]():
            order.check(frame)
            work, keys = keyed(frame, self.by, self.columns)
            work = _placed(work, keys, self.columns)
            if state is not None:
                counted = state.select(*keys, (pl.col(_PLACE) + 1).alias("__before__"))
                work = _moved(work, counted, keys, self.columns)
            state = work.clear() if state is None else state
            every = pl.concat([state, work]).with_columns(
                pl.col(column).forward_fill().over(keys) for name in self.columns for column in (name, _at(name))
            )
            yield {"out": self._filled(frame, every[state.height :], told)}
            state = last_rows(every, keys, 1)


@table_step("fill_backward")
@dataclass(frozen=True, init=False)
class FillBackward(Fill):
    """A missing value becomes the next one after it, at most ``limit`` rows on (all, when it is None).

    It looks into the future: for a model that predicts, that is a leak. The table is read twice. Options as FillForward.
    Memory: one row a group and chunk, of the named columns.

    >>> from instar.data.steps.step import take
    >>> river = pl.DataFrame({"level": [None, 2, None, None, 5]})
    >>> take(FillBackward("level", limit=1), river[:3], river[3:])["out"]["level"].to_list()
    [2, 2, None, 5, 5]
    """

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        after = following(tables["table"], self.by, self._head, self._joined)
        order = self._start(told)
        for frame, later in zip(tables["table"](), after):
            order.check(frame)
            work, keys = keyed(frame, self.by, self.columns)
            work = _placed(work, keys, self.columns)
            counted = work.group_by(keys).agg(pl.len().cast(pl.Int64).alias("__before__"))
            every = pl.concat([work, _moved(later, counted, keys, self.columns)]).with_columns(
                pl.col(column).backward_fill().over(keys) for name in self.columns for column in (name, _at(name))
            )
            yield {"out": self._filled(frame, every[: frame.height], told)}

    def _head(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row a group: the first value of each column, its place, and how many rows the group has here."""
        work, keys = keyed(frame, self.by, self.columns)
        work = _placed(work, keys, self.columns)
        first: list[pl.Expr] = [
            pl.col(column).drop_nulls().first() for name in self.columns for column in (name, _at(name))
        ]
        made = work.group_by(keys, maintain_order=True).agg(*first, pl.len().cast(pl.Int64).alias(_PLACE))
        return made.select(work.columns)

    def _joined(self, near: pl.DataFrame, far: pl.DataFrame) -> pl.DataFrame:
        keys = [name for name in near.columns if name not in self.columns and name not in _places(self.columns)]
        far = _moved(far, near.select(*keys, pl.col(_PLACE).alias("__before__")), keys, self.columns)
        every = pl.concat([near, far]).with_columns(
            pl.col(column).backward_fill().over(keys) for name in self.columns for column in (name, _at(name))
        )
        every = every.with_columns(pl.col(_PLACE).max().over(keys))
        return first_rows(every, keys, 1)


def _at(column: str) -> str:
    """The place of the row where the value of a column stands."""
    return f"__at_{column}"


def _places(columns: Sequence[str]) -> list[str]:
    return [_PLACE, *(_at(name) for name in columns)]


def _placed(work: pl.DataFrame, keys: list[str], columns: Sequence[str]) -> pl.DataFrame:
    """With the place of each row in its group, and of each value that is there."""
    work = work.with_columns((pl.int_range(pl.len(), dtype=pl.Int64)).over(keys).alias(_PLACE))
    return work.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.col(_PLACE)).alias(_at(name)) for name in columns
    )


def _moved(work: pl.DataFrame, counted: pl.DataFrame, keys: list[str], columns: Sequence[str]) -> pl.DataFrame:
    """With all places after the ``__before__`` rows that each group has already."""
    before: Any = pl.col("__before__").fill_null(0)
    joined = work.join(counted, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col(place) + before for place in _places(columns)).drop("__before__")
