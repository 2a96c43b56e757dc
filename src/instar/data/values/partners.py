"""For each row of a table its partner in a reference: by key, by the nearest time, or by the nearest place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.data.rules.keys import COUNT, counted, keyed, told, whole

Direction = Literal["backward", "forward", "nearest"]
EARTH = 6371.0088  # km, the mean radius (IUGG 1980)
_AT, _ROW, _TIME = "__at", "__row", "__time"


@dataclass(frozen=True)
class Partners:
    """rows : of the reference, one for each row of the table, null where there is none
    gap : how far apart the two are: in km, or as a difference of the times; null where there is no partner
    """

    rows: pl.Series
    gap: pl.Series


Find = Callable[[pl.DataFrame], Partners]


def by_key(reference: pl.DataFrame, on: Sequence[str]) -> Find:
    """The row with the same key. Raises BadInput when the reference has a key twice: which row would it be?"""
    keys = keyed(reference, on)
    _need_unique(keys, on, f"its key ({', '.join(on)})")
    places = keys.with_row_index(_ROW).filter(whole(keys, on))

    def find(frame: pl.DataFrame) -> Partners:
        found = keyed(frame, on).join(places, on=list(on), how="left", maintain_order="left")[_ROW]
        return Partners(found, found.cast(pl.Float64) * 0.0)

    return find


def by_cell(reference: pl.DataFrame, place: tuple[str, str], cell: float) -> Find:
    """The row in the same cell of a grid of ``cell`` degrees. Raises BadInput when a cell has two rows."""
    names = ("latitude cell", "longitude cell")

    def cells(frame: pl.DataFrame) -> pl.DataFrame:
        latitude, longitude = _degrees(frame, place)
        rows = {name: np.floor(values / cell) for name, values in zip(names, (latitude, longitude))}
        return pl.DataFrame(rows).with_columns(pl.all().fill_nan(None))

    keys = cells(reference)
    _need_unique(keys, names, f"a cell of {cell:g} degrees")
    places = keys.with_row_index(_ROW).filter(whole(keys, names))

    def find(frame: pl.DataFrame) -> Partners:
        found = cells(frame).join(places, on=list(names), how="left", maintain_order="left")[_ROW]
        return Partners(found, found.cast(pl.Float64) * 0.0)

    return find


def by_time(
    reference: pl.DataFrame, time: str, on: Sequence[str], direction: Direction, tolerance: pl.Expr | None
) -> Find:
    """The row of the same group with the last time not after (``backward``), the first not before (``forward``), or the
    nearest of both, the earlier one of two equally near. Of equal times the last in the reference counts."""
    times = _timed(reference, time, on).with_row_index(_ROW)
    times = times.filter(whole(times, [_TIME, *on])).unique([_TIME, *on], keep="last", maintain_order=True).sort(_TIME)
    ways: tuple[Literal["backward", "forward"], ...] = (
        ("backward", "forward") if direction == "nearest" else (direction,)
    )

    def find(frame: pl.DataFrame) -> Partners:
        mine = _timed(frame, time, on).with_row_index(_AT)
        known = mine.filter(whole(mine, [_TIME, *on])).sort(_TIME)
        found = [_as_of(known, times, on, way) for way in ways]
        first = found[0]
        if len(found) == 2:
            near = found[0].join(found[1].select(_AT, pl.col(_ROW, "gap").name.suffix("2")), on=_AT)
            later = pl.col("gap").is_null() | (pl.col("gap2") < pl.col("gap"))
            first = near.select(
                _AT,
                pl.when(later).then(f"{_ROW}2").otherwise(_ROW).alias(_ROW),
                pl.when(later).then("gap2").otherwise("gap").alias("gap"),
            )
        if tolerance is not None:
            first = first.filter(pl.col("gap") <= tolerance)
        made = mine.select(_AT).join(first, on=_AT, how="left", maintain_order="left")
        return Partners(made[_ROW], made["gap"])

    return find


def by_place(reference: pl.DataFrame, place: tuple[str, str], within: float | None) -> Find:
    """The nearest row on a sphere with the earth's mean radius (haversine distance); of equal places the first counts.

    Points become points of the unit sphere, where the nearest along a chord is the nearest along the ground; a k-d tree
    finds it in about log2(rows) steps.
    """
    from scipy.spatial import cKDTree

    points = _sphere(*_degrees(reference, place))
    usable = np.flatnonzero(np.isfinite(points).all(axis=1))
    _, first = np.unique(points[usable], axis=0, return_index=True)
    usable = usable[np.sort(first)]
    tree = cKDTree(points[usable]) if usable.size else None

    def find(frame: pl.DataFrame) -> Partners:
        asked = _sphere(*_degrees(frame, place))
        known = np.isfinite(asked).all(axis=1)
        chord, at = np.full(frame.height, np.nan), np.zeros(frame.height, dtype=np.int64)
        if tree is not None and known.any():
            chord[known], at[known] = tree.query(asked[known])
        km = 2 * EARTH * np.arcsin(np.minimum(chord / 2, 1.0))
        good = ~np.isnan(km) & (km <= (np.inf if within is None else within))
        rows = usable[at] if usable.size else at
        kept = pl.Series(good)
        frame = pl.DataFrame({_ROW: rows.astype(np.uint32), "gap": km})
        frame = frame.with_columns(pl.when(kept).then(pl.col(name)).alias(name) for name in frame.columns)
        return Partners(frame[_ROW], frame["gap"])

    return find


def _as_of(
    known: pl.DataFrame, times: pl.DataFrame, on: Sequence[str], way: Literal["backward", "forward"]
) -> pl.DataFrame:
    """Row and gap for each time that is known."""
    theirs = times.with_columns(pl.col(_TIME).alias("theirs"))
    found = known.join_asof(theirs, on=_TIME, by=list(on) or None, strategy=way, check_sortedness=False)
    gap = pl.col(_TIME) - pl.col("theirs") if way == "backward" else pl.col("theirs") - pl.col(_TIME)
    return found.select(_AT, _ROW, gap.alias("gap"))


def _timed(frame: pl.DataFrame, time: str, on: Sequence[str]) -> pl.DataFrame:
    return keyed(frame, [time, *on]).rename({time: _TIME})


def _need_unique(keys: pl.DataFrame, names: Sequence[str], what: str) -> None:
    twice = counted(keys).filter(pl.col(COUNT) > 1)
    if twice.height:
        row = twice.row(0, named=True)
        raise BadInput(
            f"enrich: the reference has {row[COUNT]} rows for {told(row, names)}; {what} must name one row: "
            "use distinct, or group_by, on the reference first"
        )


def _degrees(frame: pl.DataFrame, place: tuple[str, str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude, shape (rows,). Raises BadInput for what is no place."""
    found = [frame[name].cast(pl.Float64).to_numpy() for name in place]
    with np.errstate(invalid="ignore"):
        for name, values, largest in zip(place, found, (90, 360)):
            if (wrong := values[np.abs(values) > largest]).size:
                raise BadInput(
                    f"enrich: {name!r} has the value {wrong[0]}; degrees of that are at most {largest}. "
                    f"Set such rows apart first: check(Between({name!r}, -{largest}, {largest}))"
                )
    return found[0], found[1]


def _sphere(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the unit sphere, shape (rows, 3)."""
    north, east = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
