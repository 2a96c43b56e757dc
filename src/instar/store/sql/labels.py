"""Labels in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, insert, select

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.base.ids import event_id
from instar.base.settings import author_setting
from instar.store.records import Label
from instar.store.sql import tables
from instar.store.sql.database import Database, pieces
from instar.store.sql.rows import known_ids

_columns = (
    tables.label.c.subject,
    tables.label.c.key,
    tables.label.c.value,
    tables.label.c.at,
    tables.label.c.by,
    tables.label.c.id,
)


class SqlLabels:
    """Labels in a SQL database. Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def set(self, labels: Sequence[Label]) -> list[Label]:
        """Write all of ``labels`` or none. Raises NotFound if a subject is unknown."""
        return self._db.write(lambda sql: _set(sql, labels))

    def of(self, subjects: Sequence[str]) -> dict[str, dict[str, Label]]:
        def read(sql: Connection) -> dict[str, dict[str, Label]]:
            found: dict[str, dict[str, Label]] = {subject: {} for subject in subjects}
            for some in pieces(subjects):
                for row in sql.execute(_oldest_first().where(tables.label.c.subject.in_(some))):
                    found[row.subject][row.key] = Label(*row)  # the last one stays
            return found

        return self._db.read(read)

    def history(self, subject: str, key: str) -> list[Label]:
        condition = (tables.label.c.subject == subject) & (tables.label.c.key == key)
        return self._db.read(lambda sql: [Label(*row) for row in sql.execute(_oldest_first().where(condition))])

    def where(self, key: str, value: str | None = None) -> list[Label]:
        def read(sql: Connection) -> list[Label]:
            rows = sql.execute(_oldest_first().where(tables.label.c.key == key))
            return list({row.subject: Label(*row) for row in rows}.values())

        return [label for label in self._db.read(read) if value is None or label.value == value]


def _oldest_first() -> Select[Any]:
    return select(*_columns).order_by(tables.label.c.at, tables.label.c.id)


def _set(sql: Connection, labels: Sequence[Label]) -> list[Label]:
    _must_exist(sql, {label.subject for label in labels})
    limit = clock.now() + clock.HOUR
    at = clock.later(sql.execute(select(func.max(tables.label.c.at))).scalar() or 0)
    written = []
    for label in labels:
        if label.at > limit:
            raise BadInput(
                f"label {label.key!r} of {label.subject} is dated {clock.as_text(label.at)}, more than an hour ahead of "
                "this store's clock; nothing was written. Correct the clock that wrote it, or send it again later"
            )
        written.append(
            Label(
                label.subject,
                label.key,
                label.value,
                label.at or at,
                label.by or author_setting(),
                label.id or event_id(),
            )
        )
        at += 1
    if written:
        sql.execute(
            insert(tables.label).prefix_with("OR IGNORE", dialect="sqlite"),
            [msgspec.structs.asdict(label) for label in written],
        )
    return written


def _must_exist(sql: Connection, subjects: set[str]) -> None:
    for subject in sorted(subjects - known_ids(sql, subjects)):
        raise NotFound(
            "node", subject, next_step="a label needs a recorded subject; `instar find` lists what is recorded"
        )
