"""Metrics in SQL."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Select, bindparam, func, select, tuple_

from instar.base.errors import BadInput
from instar.store.records import Metric, Series, SeriesPage, SeriesState
from instar.store.sampling import sampled
from instar.store.sql import tables
from instar.store.sql.database import Database, pieces
from instar.store.sql.paging import position
from instar.store.sql.points import Row, append_points, keep_last
from instar.store.sql.texts import check_texts

_INTEGERS = range(-(2**63), 2**63)
_BEFORE_ALL = (-(2**63), -(2**63))
_LATER = (
    select(tables.metric)
    .where(
        tables.metric.c.run == bindparam("one"),
        tables.metric.c.key == bindparam("name"),
        tuple_(tables.metric.c.step, tables.metric.c.at)
        > tuple_(bindparam("after_step", type_=BigInteger), bindparam("after_at", type_=BigInteger)),
    )
    .order_by(tables.metric.c.step, tables.metric.c.at)
    .limit(bindparam("most", type_=Integer))
)


class SqlMetrics:
    """Metrics in a SQL database. A NaN is kept as null, since SQLite cannot hold one."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append(self, points: Sequence[Metric]) -> None:
        if not points:
            return
        # A NaN becomes null; + 0.0 turns -0.0, which SQLite cannot hold either, into 0.0 everywhere.
        rows = [(p.run, p.key, p.step, p.at, None if p.value != p.value else p.value + 0.0) for p in points]
        last = _last_of_each(rows)
        check_texts([row[:2] for row in last])

        def write(sql: Connection) -> None:
            changed = (sql.execute(select(func.max(tables.metric_last.c.changed))).scalar() or 0) + 1
            append_points(sql, rows)
            keep_last(sql, [(*row, changed + place) for place, row in enumerate(last)])

        self._db.write(write)

    def last(self, runs: Sequence[str]) -> dict[str, dict[str, Metric]]:
        t = tables.metric_last.c

        def read(sql: Connection) -> dict[str, dict[str, Metric]]:
            found: dict[str, dict[str, Metric]] = {run: {} for run in runs}
            for some in pieces(runs):
                for row in sql.execute(select(t.run, t.key, t.step, t.at, t.value).where(t.run.in_(some))):
                    found[row.run][row.key] = _point(*row)
            return found

        return self._db.read(read)

    def history(
        self, run: str, key: str, after: tuple[int, int] | None = None, points: int | None = None
    ) -> list[Metric]:
        query = _series(Series(run, key))
        if after is not None:
            query = query.where(tuple_(tables.metric.c.step, tables.metric.c.at) > after)
        found = self._db.read(lambda sql: [_point(*row) for row in sql.execute(query)])
        return found if points is None else sampled(found, points)

    def points(
        self, series: Sequence[Series], after: Mapping[str, tuple[int, int]] = {}, limit: int = 20_000
    ) -> list[Metric]:
        def read(sql: Connection) -> list[Metric]:
            found: list[Metric] = []
            for each in series:
                step, at = after.get(f"{each.run}/{each.key}", _BEFORE_ALL)
                given = {"one": each.run, "name": each.key, "after_step": step, "after_at": at}
                found += [_point(*row) for row in sql.execute(_LATER, given | {"most": limit - len(found)})]
                if len(found) >= limit:
                    break
            return found

        return self._db.read(read)

    def since(self, cursor: str = "", limit: int = 1000) -> SeriesPage:
        t = tables.metric_last.c
        query = select(t.changed, t.run, t.key).where(t.changed > position(cursor)).order_by(t.changed).limit(limit)
        rows = self._db.read(lambda sql: sql.execute(query).all())
        series = tuple(Series(row.run, row.key) for row in rows)
        return SeriesPage(series, str(rows[-1].changed) if rows else cursor, len(rows) == limit)

    def states(self, series: Sequence[Series], until: Mapping[str, tuple[int, int]] = {}) -> list[SeriesState]:
        return self._db.read(lambda sql: [_state(sql, each, until.get(f"{each.run}/{each.key}")) for each in series])


def _last_of_each(rows: Sequence[Row]) -> list[Row]:
    """The last point of each series. Raises BadInput for a step that no 64 bits hold."""
    last: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row[2] not in _INTEGERS:
            raise BadInput(f"metric {row[1]!r}: step {row[2]} does not fit into 64 bits; use a smaller step")
        known = last.get(row[:2])
        if known is None or row[2:4] > known[2:4] or (row[2:4] == known[2:4] and _smaller(row[4], known[4])):
            last[row[:2]] = row
    return list(last.values())


def _smaller(value: float | None, than: float | None) -> bool:
    return value is not None and (than is None or value < than)


def _series(series: Series) -> Select[Any]:
    t = tables.metric.c
    return (
        select(t.run, t.key, t.step, t.at, t.value)
        .where(t.run == series.run, t.key == series.key)
        .order_by(t.step, t.at)
    )


def _state(sql: Connection, series: Series, until: tuple[int, int] | None) -> SeriesState:
    """One pass over the points: their number, the last one, and a digest of all."""
    t = tables.metric.c
    query = select(t.step, t.at, t.value).where(t.run == series.run, t.key == series.key).order_by(t.step, t.at)
    if until is not None:
        query = query.where(tuple_(t.step, t.at) <= until)
    hasher, count, step, at = hashlib.sha256(), 0, 0, 0
    for step, at, value in sql.execute(query):
        hasher.update(struct.pack("<qqd", step, at, math.nan if value is None else value))
        count += 1
    return SeriesState(count, hasher.hexdigest()[:32] if count else "", step, at)


def _point(run: str, key: str, step: int, at: int, value: float | None) -> Metric:
    return Metric(run, key, step, at, math.nan if value is None else value)
