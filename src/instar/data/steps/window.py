"""Statistics of the rows before, in new columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.types import number
from instar.data.steps import options
from instar.data.steps.options import Names, names, one_of, some_names, whole
from instar.data.steps.series import Order, keyed
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step

Statistic = Literal["mean", "sum", "min", "max", "std", "count"]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@table_step("window")
@dataclass(frozen=True, init=False)
class Window(TableStep):
    """Statistics of each column over the last ``rows`` rows, or over the rows of the ``last`` stretch of time.

    rows : how many;  last : such as ``"7d"`` or ``"90m"`` for dates and datetimes, a number for a time in numbers: rows
    with a time later than the row's own less ``last``. Then ``time`` is needed, and must ascend (it is checked).
    statistics : of ``mean, sum, min, max, std, count``;  current : whether a row belongs to its own window. A feature
    made from the target must say ``current=False``
    least : values that a window must have, else its statistics are null (``std`` asks for 2)
    by : the rows of each group for themselves

    ``<column>_mean_7``, ``<column>_sum_7d`` … are float64, counts int64. ``std`` = sqrt(sum (x - mean)^2 / (n - 1)). Nulls
    are left out; a NaN or an infinity gives what arithmetic gives. Each sum is added anew, from the newest row to the
    oldest, so that no rounding of earlier rows stays in it and chunks change no bit.
    Time: proportional to rows times the rows in a window. Memory: the rows of one window a group.

    >>> from instar.data.steps.step import take
    >>> rain = pl.DataFrame({"mm": [1.0, 4.0, None, 2.0]})
    >>> take(Window("mm", rows=2, statistics=("mean", "count")), rain[:2], rain[2:])["out"]["mm_mean_2"].to_list()
    [1.0, 2.5, 4.0, 2.0]
    """

    columns: tuple[str, ...]
    rows: int | None
    last: str | float | None
    statistics: tuple[str, ...]
    current: bool
    least: int
    by: tuple[str, ...]
    time: str

    def __init__(
        self,
        columns: Names,
        rows: int | None = None,
        last: str | float | None = None,
        statistics: Names = "mean",
        current: bool = True,
        least: int = 1,
        by: Names = (),
        time: str = "",
    ) -> None:
        if (rows is None) == (last is None):
            raise BadInput("Window: give rows=… (how many) or last=… (a stretch of time), one of them")
        if last is not None and not time:
            raise BadInput(f"Window: last={last!r} needs time=…, the column that says when a row was")
        if isinstance(last, str):
            options.seconds(last, "Window", "last")
        elif last is not None and options.number(last, "Window", "last") <= 0:
            raise BadInput(f"Window: last={last!r}; give a number above 0")
        self._keep(
            columns=some_names(columns, "Window", "columns"),
            rows=None if rows is None else whole(rows, 1, "Window", "rows"),
            last=last,
            statistics=tuple(one_of(each, Statistic, "Window", "statistic") for each in names(statistics)),
            current=current,
            least=whole(least, 1, "Window", "least"),
            by=names(by),
            time=time,
        )

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.by, "Window")
        if self.time:
            moment = options.is_moment(options.time(schema, self.time, "Window"))
            if self.last is not None and moment != isinstance(self.last, str):
                wanted = 'a duration such as "7d"' if moment else "a number in its unit"
                raise BadInput(f"Window: {self.time!r} is {schema[self.time].type}; give last= as {wanted}")
        fields = []
        for name in self.columns:
            field = number(schema, name, "Window")
            for statistic in self.statistics:
                counts = statistic == "count"
                unit = "" if counts else field.unit
                fields.append(Field(self._name(name, statistic), "int64" if counts else "float64", unit))
        return {"out": options.new_columns(schema, fields, "Window")}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        order = Order("Window", self.time, self.by)
        before: pl.DataFrame | None = None
        for frame in tables["table"]():
            order.check(frame)
            work, keys = keyed(frame, self.by, (*self.columns, *((self.time,) if self.time else ())))
            before = work.clear() if before is None else before
            every = pl.concat([before, work])
            view = _View(every, keys, self.time, self._width(every))
            made = [series for name in self.columns for series in self._made(name, view, before.height)]
            yield {"out": frame.hstack(made)}
            before = every[view.kept(self.rows)]

    def _width(self, work: pl.DataFrame) -> float:
        """The stretch of time in the numbers of ``_View``; without one, infinite."""
        if self.last is None:
            return np.inf
        if not isinstance(self.last, str):
            return float(self.last)
        length = options.seconds(self.last, "Window", "last")
        return length / 86400 if work.schema[self.time] == pl.Date else round(length * 1e6)

    def _made(self, name: str, view: _View, start: int) -> list[pl.Series]:
        values = view.frame[name].cast(pl.Float64)
        there = values.is_not_null().to_numpy()[view.order]
        given = np.where(there, values.fill_null(0.0).to_numpy()[view.order], 0.0)
        found = _Sums(given, there, view, start, (0 if self.current else 1), self.rows, self.statistics)
        made = []
        for statistic in self.statistics:
            result, least = found.statistic(statistic), max(self.least, 2 if statistic == "std" else 1)
            column = np.empty(len(given), dtype=result.dtype)
            column[view.order], counts = result, np.empty(len(given), dtype=np.int64)
            counts[view.order] = found.count
            series = pl.Series(self._name(name, statistic), column[start:])
            if statistic != "count":
                series = pl.select(pl.when(pl.Series(counts[start:]) >= least).then(series)).to_series()
            made.append(series.alias(self._name(name, statistic)))
        return made

    def _name(self, column: str, statistic: str) -> str:
        return f"{column}_{statistic}_{self.last if self.rows is None else self.rows}"


class _View:
    """The rows of a frame, group by group, each in the order of the table.

    order : places in the frame;  place : of each in its group;  time : as numbers, ascending in each group
    """

    def __init__(self, frame: pl.DataFrame, keys: list[str], time: str, width: float) -> None:
        groups = frame.select(keys).with_row_index("__at__").group_by(keys, maintain_order=True).agg("__at__")
        lengths = groups["__at__"].list.len().to_numpy().astype(np.int64)
        starts = np.cumsum(lengths) - lengths
        self.frame = frame
        self.width = width
        self.order: Places = groups["__at__"].explode(empty_as_null=False).to_numpy().astype(np.int64)
        self.place: Places = np.arange(len(self.order)) - np.repeat(starts, lengths)
        self._left: Places = np.repeat(lengths, lengths) - self.place  # rows of the group from here on
        self.time = frame[time].to_physical().to_numpy()[self.order] if time else np.zeros(len(self.order))
        self._since = self.time - width if np.isfinite(width) else self.time
        self._ends: Places = np.repeat(starts + lengths - 1, lengths)

    def inside(self, at: Places | slice, back: int) -> NDArray[np.bool_]:
        """Whether the row ``back`` rows before each of these belongs to its group and its stretch of time."""
        found = self.place[at] >= back
        if np.isfinite(self.width):
            before = slice(at.start - back, at.stop - back) if isinstance(at, slice) else np.maximum(at - back, 0)
            found &= self.time[before] > self._since[at]
        return found

    def kept(self, rows: int | None) -> list[int]:
        """Places in the frame of the rows that a later chunk may need."""
        if rows is not None:
            needed = self._left <= rows
        else:
            needed = self.time > self.time[self._ends] - self.width if len(self.time) else np.zeros(0, dtype=bool)
        return sorted(self.order[needed].tolist())


class _Sums:
    """Sums over the window of each row from ``start`` on, laid out as the view.

    first : rows back where a window begins, 0 with the row itself;  wanted : the statistics
    """

    def __init__(
        self,
        values: Floats,
        there: NDArray[np.bool_],
        view: _View,
        start: int,
        first: int,
        rows: int | None,
        wanted: tuple[str, ...],
    ) -> None:
        self._values, self._there, self._view = values, there, view
        self._begin = view.order >= start
        self._back = first, np.inf if rows is None else rows + first
        self.count: Places = np.zeros(len(values), dtype=np.int64)
        self._sum, self._square = np.zeros(len(values)), np.zeros(len(values))
        self._least, self._most = np.full(len(values), np.inf), np.full(len(values), -np.inf)
        with np.errstate(all="ignore"):
            self._add("min" in wanted, "max" in wanted)
            if "std" in wanted:
                self._add_squares()

    def statistic(self, name: str) -> Floats | Places:
        with np.errstate(all="ignore"):
            match name:
                case "mean":
                    return self._sum / self.count
                case "std":
                    return np.sqrt(self._square / (self.count - 1))
        return {"sum": self._sum, "min": self._least, "max": self._most, "count": self.count}[name]

    def _steps(self) -> Iterator[tuple[Places | slice, Places | slice, NDArray[np.bool_] | None]]:
        """For each row back: the rows that may have it in their window, that row, and for which of them it counts.

        While many rows have one so far back, they are taken as a slice, which is faster than their places.
        """
        at: Places | None = None
        (back, end), size = self._back, len(self._values)
        inside = self._begin
        while back < end and back < size:
            if at is None:
                inside = inside[-(size - back) :] & self._view.inside(slice(back, size), back)
                number = int(inside.sum())
                if number * 8 < size:
                    at = np.flatnonzero(inside) + back
                else:
                    yield slice(back, size), slice(0, size - back), inside & self._there[: size - back]
            if at is not None:
                at = at[self._view.inside(at, back)]
                if not len(at):
                    return
                there = at[self._there[at - back]]
                yield there, there - back, None
            back += 1

    def _add(self, least: bool, most: bool) -> None:
        for at, origin, counts in self._steps():
            values = self._values[origin]
            self.count[at] += 1 if counts is None else counts
            self._sum[at] += values if counts is None else np.where(counts, values, 0.0)
            for wanted, target, function, neutral in (
                (least, self._least, np.minimum, np.inf),
                (most, self._most, np.maximum, -np.inf),
            ):
                if wanted:
                    target[at] = function(target[at], values if counts is None else np.where(counts, values, neutral))

    def _add_squares(self) -> None:
        mean = self._sum / self.count
        for at, origin, counts in self._steps():
            squares = (self._values[origin] - mean[at]) ** 2
            self._square[at] += squares if counts is None else np.where(counts, squares, 0.0)
