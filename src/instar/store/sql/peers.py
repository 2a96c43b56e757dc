"""Who a store is, and how far it has taken over from others, in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import BadInput
from instar.base.ids import event_id, is_id
from instar.store.sql import tables
from instar.store.sql.access import note
from instar.store.sql.database import Database
from instar.store.sql.rows import insert_new

ID = "id"
_TRUST = "trust:"  # before the id of a store whose code may run here


class SqlPeers:
    """Identity and cursors in a SQL database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def id(self) -> str:
        query = select(tables.setting.c.value).where(tables.setting.c.key == ID)
        known: str | None = self._db.read(lambda sql: sql.execute(query).scalar())
        if known is not None:
            return known

        def make(sql: Connection) -> str:
            insert_new(sql, tables.setting, [{"key": ID, "value": event_id()}])  # another process may be faster
            return str(sql.execute(query).scalar())

        return self._db.write(make)

    def renew(self) -> None:
        """Become another store: what others know of this one's order of recording holds no more (a restored backup)."""
        self._db.write(lambda sql: sql.execute(delete(tables.setting).where(tables.setting.c.key == ID)) and None)

    def cursors(self, peer: str) -> dict[str, str]:
        t = tables.peer.c
        query = select(t.what, t.cursor).where(t.peer == peer)
        return self._db.read(lambda sql: {row.what: row.cursor for row in sql.execute(query)})

    def advance(self, peer: str, cursors: Mapping[str, str]) -> None:
        def write(sql: Connection) -> None:
            t = tables.peer.c
            sql.execute(delete(tables.peer).where(t.peer == peer, t.what.in_(list(cursors))))
            if cursors:
                rows = [{"peer": peer, "what": what, "cursor": cursor} for what, cursor in cursors.items()]
                sql.execute(insert(tables.peer), rows)

        self._db.write(write)

    def trust(self, peer: str, trusted: bool = True) -> None:
        if not is_id(peer):
            raise BadInput(f"{peer!r} is no id of a store; `instar pull --trust` tells and trusts the right one")
        t = tables.setting

        def write(sql: Connection) -> None:
            if trusted:
                insert_new(sql, t, [{"key": _TRUST + peer, "value": str(clock.now())}])
            else:
                sql.execute(delete(t).where(t.c.key == _TRUST + peer))
            note(sql, "peer.trust" if trusted else "peer.distrust", peer, actor().name, "")

        self._db.write(write)

    def trusted(self) -> list[str]:
        t = tables.setting.c
        query = select(t.key).where(t.key.startswith(_TRUST)).order_by(t.key)
        return self._db.read(lambda sql: [key.removeprefix(_TRUST) for key in sql.scalars(query)])
