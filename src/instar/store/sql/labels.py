"""Labels in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import BadInput, NotFound
from instar.base.ids import event_id
from instar.store.records import Label, LabelPage
from instar.store.sql import tables
from instar.store.sql.database import Database, pieces
from instar.store.sql.paging import position
from instar.store.sql.rows import insert_new, known_ids
from instar.store.sql.texts import check_texts

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
        check_texts(labels)
        return self._db.write(lambda sql: _set(sql, labels))

    def of(self, subjects: Sequence[str]) -> dict[str, dict[str, Label]]:
        def read(sql: Connection) -> dict[str, dict[str, Label]]:
            found: dict[str, dict[str, Label]] = {subject: {} for subject in subjects}
            for some in pieces(subjects):
                for row in sql.execute(_oldest_first().where(tables.label.c.subject.in_(some))):
                    found[row.subject][row.key] = Label(*row)  # the last one stays
            return found

        return self._db.read(read)

    def history(self, subject: str, key: str = "") -> list[Label]:
        query = _oldest_first().where(tables.label.c.subject == subject)
        chosen = query.where(tables.label.c.key == key) if key else query
        return self._db.read(lambda sql: [Label(*row) for row in sql.execute(chosen)])

    def where(self, key: str, value: str | None = None) -> list[Label]:
        def read(sql: Connection) -> list[Label]:
            rows = sql.execute(_oldest_first().where(tables.label.c.key == key))
            return list({row.subject: Label(*row) for row in rows}.values())

        return [label for label in self._db.read(read) if value is None or label.value == value]

    def merge(self, labels: Sequence[Label]) -> list[Label]:
        """Take over labels as they are; returns those from more than an hour ahead."""
        check_texts(labels)
        limit = clock.now() + clock.HOUR
        self._db.write(lambda sql: _merge(sql, [label for label in labels if label.at <= limit]))
        return [label for label in labels if label.at > limit]

    def since(self, cursor: str = "", limit: int = 1000) -> LabelPage:
        t = tables.label.c
        query = select(t.seq, *_columns).where(t.seq > position(cursor)).order_by(t.seq).limit(limit)
        rows = self._db.read(lambda sql: sql.execute(query).all())
        labels = tuple(Label(*row[1:]) for row in rows)
        return LabelPage(labels, str(rows[-1].seq) if rows else cursor, len(rows) == limit)


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
                label.by or actor().name,
                label.id or event_id(),
            )
        )
        at += 1
    insert_new(sql, tables.label, [msgspec.structs.asdict(label) for label in written])
    return written


def _merge(sql: Connection, labels: Sequence[Label]) -> None:
    for label in labels:
        if not (label.id and label.at):
            raise BadInput(f"label {label.key!r} of {label.subject} has no id or time; new labels are `set`")
    _must_exist(sql, {label.subject for label in labels})
    insert_new(sql, tables.label, [msgspec.structs.asdict(label) for label in labels])


def _must_exist(sql: Connection, subjects: set[str]) -> None:
    for subject in sorted(subjects - known_ids(sql, subjects)):
        raise NotFound(
            "node", subject, next_step="a label needs a recorded subject; `instar find` lists what is recorded"
        )
