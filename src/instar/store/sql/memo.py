"""The memo in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, select

from instar.base import clock
from instar.store.sql import tables
from instar.store.sql.database import Database, pieces
from instar.store.sql.rows import insert_new
from instar.store.sql.texts import check_texts


class SqlMemo:
    """What was computed before, by key. The first value of a key is kept: equal inputs gave it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        t = tables.memo.c

        def read(sql: Connection) -> dict[str, bytes]:
            rows = [row for some in pieces(keys) for row in sql.execute(select(t.key, t.value).where(t.key.in_(some)))]
            return {row.key: bytes(row.value) for row in rows}

        return self._db.read(read)

    def put(self, entries: Mapping[str, bytes]) -> None:
        if not entries:
            return
        check_texts(list(entries))
        at = clock.now()
        rows = [{"key": key, "value": value, "at": at} for key, value in entries.items()]
        self._db.write(lambda sql: insert_new(sql, tables.memo, rows))

    def clear(self) -> None:
        self._db.write(lambda sql: sql.execute(delete(tables.memo)) and None)
