"""Series of points, one in a row: reading them, putting them on one scale, and their segment means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, WrongType
from instar.base.schema import NUMBERS, Field, Schema
from instar.base.types import split_outside

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_ROWS = 64  # rows at a time: what is computed from them stays in the processor's cache


def series_field(schema: Schema, column: str, step: str) -> Field:
    """The column, which must hold numbers or a series of numbers: float64, list[float64], array[float32,365] …"""
    field = schema.need(column, step)
    kind, _, inside = field.type.partition("[")
    if field.is_number or (kind in ("list", "array") and split_outside(inside[:-1])[0] in NUMBERS):
        return field
    hint = f'Cast("{column}", to="list[float64]") first, or name columns of numbers'
    raise WrongType(column, step, field.type, "a series (a list or array of numbers) or a number", hint)


def times_field(schema: Schema, column: str, step: str) -> Field:
    """The column, which must hold lists of times: numbers, dates or datetimes."""
    field = schema.need(column, step)
    kind, _, inside = field.type.partition("[")
    of = split_outside(inside[:-1])[:1] if kind in ("list", "array") else []
    if of and (of[0] in NUMBERS or of[0].startswith(("date", "time", "duration"))):
        return field
    raise WrongType(column, step, field.type, "lists of times (dates, datetimes or numbers)", "Cast it first")


def points_of(fields: Sequence[Field]) -> int | None:
    """The points of the series that the columns make side by side; None when a list is among them.

    >>> points_of([Field("past", "array[float64,11]"), Field("today", "float64")])
    12
    """
    total = 0
    for field in fields:
        kind, _, inside = field.type.partition("[")
        if kind == "list" or inside.endswith("?]"):
            return None
        total += int(split_outside(inside[:-1])[1]) if kind == "array" else 1
    return total


def groups(frame: pl.DataFrame) -> Iterator[tuple[Places, Floats]]:
    """The rows of equal length together: their places, and the series, float64, shape (rows, points).

    The columns of ``frame`` side by side are one series. A row with a missing or infinite point is in no group.
    """
    if not any(isinstance(dtype, pl.List) for dtype in frame.dtypes):
        yield _whole(np.arange(frame.height), _side_by_side(frame))
        return
    parts = [_as_list(each) for each in frame]
    there = pl.Series(np.ones(frame.height, dtype=bool))
    for part in parts:
        there &= part.is_not_null()
    joined = pl.DataFrame(parts).select(pl.concat_list(pl.all()).alias("points"))["points"] if parts[1:] else parts[0]
    lengths = np.where(there.to_numpy(), joined.list.len().fill_null(0).to_numpy().astype(np.int64), -1)
    for length in np.unique(lengths[lengths >= 0]).tolist():
        places = np.flatnonzero(lengths == length)
        if length:
            flat = joined.gather(places).explode().cast(pl.Float64).to_numpy()
            yield _whole(places, flat.reshape(-1, length))
        else:
            yield places, np.empty((places.size, 0))


def _side_by_side(frame: pl.DataFrame) -> Floats:
    parts = []
    for each in map(_without_bool, frame):
        width = each.dtype.size if isinstance(each.dtype, pl.Array) else 1
        parts.append(np.asarray(each.to_numpy(), dtype=np.float64).reshape(frame.height, width))
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def _whole(places: Places, values: Floats) -> tuple[Places, Floats]:
    # A sum is finite only where all of its terms are, and costs a tenth of asking each; one that overflowed is asked.
    with np.errstate(invalid="ignore", over="ignore"):
        doubtful = np.flatnonzero(~np.isfinite(values.sum(axis=1)))
    left_out = doubtful[~np.isfinite(values[doubtful]).all(axis=1)]
    if not left_out.size:
        return places, values
    return np.delete(places, left_out), np.delete(values, left_out, axis=0)


def _as_list(series: pl.Series) -> pl.Series:
    series = _without_bool(series)
    if isinstance(series.dtype, pl.Array):
        series = series.arr.to_list()
    if isinstance(series.dtype, pl.List):
        return series.cast(pl.List(pl.Float64))
    points = series.cast(pl.Float64)
    return pl.select(pl.when(points.is_not_null()).then(pl.concat_list(points))).to_series().alias(series.name)


def _without_bool(series: pl.Series) -> pl.Series:
    return series.cast(pl.Float64) if series.dtype in (pl.Boolean, pl.Null) else series


def z_normalised(values: Floats) -> Floats:
    """Each row, shape (rows, points), with mean 0 and (population) standard deviation 1; a constant one becomes 0.

    >>> z_normalised(np.array([[1.0, 3.0], [5.0, 5.0]])).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    apart, spread = _centred(values)
    return apart / spread


def _centred(values: Floats) -> tuple[Floats, Floats]:
    """Each row less its mean, shape (rows, points), and its standard deviation, shape (rows, 1); 1 for a constant."""
    if not values.shape[1]:
        return values.copy(), np.ones((values.shape[0], 1))
    with np.errstate(all="ignore"):
        mean = values.mean(axis=1, keepdims=True)
        apart: Floats = values - mean
        spread = np.sqrt(np.einsum("ij,ij->i", apart, apart) / values.shape[1])[:, None]
        # Where squares overflow or vanish, or rounding is all there is, the careful way is taken.
        sure = np.isfinite(spread) & (spread > 1e-140) & (spread > 1e-9 * np.abs(mean))
    for row in np.flatnonzero(~sure):
        apart[row], spread[row] = _carefully(values[row]), 1.0
    return apart, spread


def _carefully(values: Floats) -> Floats:
    """From the first point, and in units of the greatest: no square overflows, and equal points give exactly 0."""
    greatest = np.abs(values).max()
    if not greatest:
        return np.zeros_like(values)
    apart = values / greatest - values[0] / greatest
    if not (widest := np.abs(apart).max()):
        return np.zeros_like(values)
    apart /= widest
    apart -= apart.mean()
    found: Floats = apart / np.sqrt((apart * apart).mean())
    return found


def segment_means(frame: pl.DataFrame, segments: int, timed: bool, strict: bool, step: str) -> Floats:
    """The means of the ``segments`` segments of each row's z-normalised series, shape (rows, segments).

    The columns of ``frame`` side by side are the series; with ``timed``, the last one holds the times of the points of
    the others. A row without a series is NaN, and so is, when not ``strict``, one with fewer points than segments.
    Raises BadInput for such a one when ``strict``.
    """
    made = np.full((frame.height, segments), np.nan)
    short = _timed_means(frame, made) if timed else _equal_means(frame, made)
    if short and strict:
        place, points = short[0]
        raise BadInput(
            f"{step}: the series in row {place + 1} has {points} points, which is less than the {segments} segments "
            f"of a word ({len(short)} such series); take fewer segments, or strict=False, which leaves them without one"
        )
    return made


def _equal_means(frame: pl.DataFrame, made: Floats) -> list[tuple[int, int]]:
    """Fill in the means of segments of equal counts; gives (place, points) of the series that are too short."""
    segments = made.shape[1]
    short: list[tuple[int, int]] = []
    for places, values in groups(frame):
        points = values.shape[1]
        if points < segments:
            short += [(place, points) for place in places.tolist()]
            continue
        for start in range(0, places.size, _ROWS):
            part = slice(start, start + _ROWS)
            apart, spread = _centred(values[part])
            made[places[part]] = paa(apart, segments) / spread
    return sorted(short)


def paa(values: Floats, segments: int) -> Floats:
    """Piecewise aggregate approximation: the means of ``segments`` segments of equal count, shape (rows, segments).

    Where the count does not divide, a point on a border counts to both sides by its share in each.

    Source: Keogh, Chakrabarti, Pazzani & Mehrotra (2001), Dimensionality reduction for fast similarity search, KAIS 3.

    >>> paa(np.array([[1.0, 3.0, 5.0, 7.0], [0.0, 0.0, 4.0, 4.0]]), 2).tolist()
    [[2.0, 6.0], [0.0, 4.0]]
    >>> paa(np.array([[0.0, 3.0, 6.0]]), 2).tolist()
    [[1.0, 5.0]]
    """
    rows, points = values.shape
    if points % segments == 0:
        each = points // segments  # reduceat: half the time of a mean over a third axis
        found: Floats = np.add.reduceat(values, np.arange(0, points, each), axis=1) / each
        return found
    # From running sums, read between two points where a border lies there.
    sums = np.zeros((rows, points + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    wholes, parts = np.divmod(np.arange(segments + 1) * points, segments)
    after = np.minimum(wholes, points - 1)
    borders = sums[:, wholes] + values[:, after] * (parts / segments)
    fractional: Floats = (borders[:, 1:] - borders[:, :-1]) / points * segments
    return fractional


def _timed_means(frame: pl.DataFrame, made: Floats) -> list[tuple[int, int]]:
    """The same for segments of equal time; a segment without a point lies on the line between its neighbours."""
    segments = made.shape[1]
    values, times = _lists(frame[:, :-1]), _lists(frame[:, -1:])
    short: list[tuple[int, int]] = []
    for place, (points, moments) in enumerate(zip(values, times)):
        if points is None or moments is None:
            continue
        if points.size != moments.size:
            raise BadInput(
                f"row {place + 1}: the series has {points.size} points, {frame.columns[-1]!r} has {moments.size} times; "
                "give one time for each point"
            )
        known = np.isfinite(points) & np.isfinite(moments)
        if known.sum() < segments:
            short.append((place, int(known.sum())))
            continue
        made[place] = _by_time(z_normalised(points[known][None, :])[0], moments[known], segments)
    return short


def _by_time(values: Floats, times: Floats, segments: int) -> Floats:
    span = float(times.max() - times.min())
    shares = (times - times.min()) / span if span else np.zeros_like(times)
    at = np.minimum((shares * segments).astype(np.int64), segments - 1)
    counts = np.bincount(at, minlength=segments)
    filled = np.flatnonzero(counts)
    means = np.bincount(at, weights=values, minlength=segments)[filled] / counts[filled]
    return np.interp(np.arange(segments), filled, means)


def _lists(frame: pl.DataFrame) -> list[Floats | None]:
    """The columns side by side as one series for each row, missing points as NaN; None for a row without one."""
    rows: list[list[Floats] | None] = [[] for _ in range(frame.height)]
    for column in frame:
        column = column.arr.to_list() if isinstance(column.dtype, pl.Array) else column
        for place, cell in enumerate(column.cast(pl.List(pl.Float64))):
            if (found := rows[place]) is not None:
                rows[place] = None if cell is None else [*found, cell.to_numpy()]
    return [None if row is None else np.concatenate(row) for row in rows]
