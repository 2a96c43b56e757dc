"""Writing points of metrics, through the driver: 100,000 take well under a second.

A null is NaN, which SQLite cannot hold. Of two values of one point the smaller counts, and any number before NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

Row = tuple[str, str, int, int, float | None]  # run, key, step, at, value
LastRow = tuple[str, str, int, int, float | None, int]  # and what counts up with each change

_APPEND = """
INSERT INTO metric (run, key, step, at, value) {rows}
ON CONFLICT (run, key, step, at) DO UPDATE SET value = excluded.value
WHERE excluded.value < metric.value OR (metric.value IS NULL AND excluded.value IS NOT NULL)
"""
_NEWER = "(excluded.step, excluded.at) > (metric_last.step, metric_last.at)"
_SMALLER = (
    "((excluded.step, excluded.at) = (metric_last.step, metric_last.at) "
    "AND (excluded.value < metric_last.value OR (metric_last.value IS NULL AND excluded.value IS NOT NULL)))"
)
_LAST = f"""
INSERT INTO metric_last (run, key, step, at, value, changed) {{rows}}
ON CONFLICT (run, key) DO UPDATE SET changed = excluded.changed,
  step = CASE WHEN {_NEWER} THEN excluded.step ELSE metric_last.step END,
  at = CASE WHEN {_NEWER} THEN excluded.at ELSE metric_last.at END,
  value = CASE WHEN {_NEWER} OR {_SMALLER} THEN excluded.value ELSE metric_last.value END
"""
# PostgreSQL takes whole columns in one statement, which may name each point only once.
_COLUMNS = (
    "unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::float8[]{more}) "
    "AS p(run, key, step, at, value{name})"
)
_POINTS = f"SELECT run, key, step, at, min(value) FROM {_COLUMNS.format(more='', name='')} GROUP BY run, key, step, at"
_LASTS = f"SELECT * FROM {_COLUMNS.format(more=', %s::bigint[]', name=', changed')}"


def append_points(sql: Connection, rows: Sequence[Row]) -> None:
    _write(sql, _APPEND, rows, "VALUES (?, ?, ?, ?, ?)", _POINTS)


def keep_last(sql: Connection, rows: Sequence[LastRow]) -> None:
    """Note the last point of each series; ``rows`` names each series once."""
    _write(sql, _LAST, rows, "VALUES (?, ?, ?, ?, ?, ?)", _LASTS)


def _write(sql: Connection, statement: str, rows: Sequence[tuple[Any, ...]], values: str, columns: str) -> None:
    if sql.dialect.name == "postgresql":
        sql.exec_driver_sql(statement.format(rows=columns), tuple(list(column) for column in zip(*rows)))
    else:
        sql.exec_driver_sql(statement.format(rows=values), list(rows))
