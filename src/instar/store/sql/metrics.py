"""Metrics in SQL. The bulk path goes to the driver: 100,000 points take well under a second."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlalchemy import Connection, select

from instar.base.errors import BadInput
from instar.store.records import Metric
from instar.store.sql import tables
from instar.store.sql.database import Database, pieces

_APPEND = "INSERT INTO metric (run, key, step, at, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LAST = """
INSERT INTO metric_last (run, key, step, at, value) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (run, key) DO UPDATE SET step = excluded.step, at = excluded.at, value = excluded.value
WHERE (excluded.step, excluded.at) > (metric_last.step, metric_last.at)
"""
_INTEGERS = range(-(2**63), 2**63)


class SqlMetrics:
    """Metrics in a SQL database. A NaN is kept as null, since SQLite cannot hold one. Of equal points the first counts."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append(self, points: Sequence[Metric]) -> None:
        if not points:
            return
        rows = [(p.run, p.key, p.step, p.at, None if p.value != p.value else p.value) for p in points]
        last: dict[tuple[str, str], tuple[str, str, int, int, float | None]] = {}
        for row in rows:
            if row[2] not in _INTEGERS:
                raise BadInput(f"metric {row[1]!r}: step {row[2]} does not fit into 64 bits; use a smaller step")
            series = row[:2]
            if series not in last or row[2:4] > last[series][2:4]:
                last[series] = row

        def write(sql: Connection) -> None:
            sql.exec_driver_sql(_APPEND, rows)
            sql.exec_driver_sql(_LAST, list(last.values()))

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

    def history(self, run: str, key: str) -> list[Metric]:
        t = tables.metric.c
        query = select(t.run, t.key, t.step, t.at, t.value).where(t.run == run, t.key == key).order_by(t.step, t.at)
        return self._db.read(lambda sql: [_point(*row) for row in sql.execute(query)])


def _point(run: str, key: str, step: int, at: int, value: float | None) -> Metric:
    return Metric(run, key, step, at, math.nan if value is None else value)
