"""Keys, tokens and the audit in SQL. Each change of a key or token is audited in the same transaction."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, insert, select, update

from instar.base import clock
from instar.base.actor import actor
from instar.base.errors import Conflict, NotFound
from instar.store.records import Audited, Key, Token
from instar.store.sql import tables
from instar.store.sql.database import Database
from instar.store.sql.texts import check_texts


class SqlAccess:
    """Who may do what, and who did."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add_key(self, key: Key) -> None:
        """Register a public key; its owner registering it again is a no-op.

        Raises Conflict when it is somebody else's, or was revoked.
        """

        check_texts(key)

        def write(sql: Connection) -> None:
            t = tables.key.c
            if (known := sql.execute(select(t.owner, t.revoked_at).where(t.id == key.id)).first()) is not None:
                if known.owner != key.owner:
                    raise Conflict(
                        f"key {key.id} is registered for {known.owner} and cannot become {key.owner}'s: "
                        f"a key says who signed. Make another one with `instar key new` for {key.owner}"
                    )
                if known.revoked_at is not None:
                    raise Conflict(
                        f"key {key.id} of {key.owner} was revoked and never counts again; "
                        "make another one with `instar key new` and register that"
                    )
                return
            row = msgspec.structs.asdict(key)
            row |= {
                "registered_at": key.registered_at or clock.now(),
                "registered_by": key.registered_by or actor().name,
            }
            sql.execute(insert(tables.key).values(**row))
            note(sql, "key.add", key.id, actor().name, key.owner)

        self._db.write(write)

    def keys(self) -> list[Key]:
        t = tables.key.c
        query = select(t.id, t.owner, t.public, t.registered_at, t.registered_by, t.revoked_at).order_by(
            t.registered_at
        )
        return self._db.read(lambda sql: [Key(*row) for row in sql.execute(query)])

    def revoke_key(self, id: str) -> None:
        """Signatures by this key count for nothing from now on. Raises NotFound."""

        def write(sql: Connection) -> None:
            t = tables.key.c
            done = sql.execute(
                update(tables.key).where(t.id == id, t.revoked_at.is_(None)).values(revoked_at=clock.now())
            )
            if not done.rowcount:
                raise NotFound("unrevoked key", id, sql.scalars(select(t.id).where(t.revoked_at.is_(None))))
            note(sql, "key.revoke", id, actor().name, "")

        self._db.write(write)

    def add_token(self, token: Token) -> None:
        """Register a token by its sha-256. Raises Conflict when the name is taken by a live one."""

        check_texts(token)

        def write(sql: Connection) -> None:
            t = tables.token.c
            if sql.execute(select(t.name).where(t.name == token.name, t.revoked_at.is_(None))).first() is not None:
                raise Conflict(f"there is a token {token.name!r} already; revoke it first, or choose another name")
            row = msgspec.structs.asdict(token) | {"created_at": token.created_at or clock.now()}
            sql.execute(insert(tables.token).values(**row))
            note(sql, "token.add", token.name, actor().name, token.role)

        self._db.write(write)

    def tokens(self) -> list[Token]:
        t = tables.token.c
        query = select(t.digest, t.name, t.role, t.project, t.created_at, t.revoked_at).order_by(t.created_at)
        return self._db.read(lambda sql: [Token(*row) for row in sql.execute(query)])

    def revoke_token(self, name: str) -> None:
        """The token is refused from now on. Raises NotFound."""

        def write(sql: Connection) -> None:
            t = tables.token.c
            done = sql.execute(
                update(tables.token).where(t.name == name, t.revoked_at.is_(None)).values(revoked_at=clock.now())
            )
            if not done.rowcount:
                raise NotFound("live token", name, sql.scalars(select(t.name).where(t.revoked_at.is_(None))))
            note(sql, "token.revoke", name, actor().name, "")

        self._db.write(write)

    def audit(self, action: str, subject: str, by: str, detail: str = "") -> None:
        check_texts([action, subject, by, detail])
        self._db.write(lambda sql: note(sql, action, subject, by, detail))

    def audited(
        self,
        limit: int = 100,
        by: str = "",
        action: str = "",
        subject: str = "",
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
    ) -> list[Audited]:
        t = tables.audit.c
        query = select(t.seq, t.at, t.action, t.subject, t.by, t.origin, t.detail).order_by(t.seq.desc()).limit(limit)
        named = (t.action == action) | t.action.startswith(f"{action}.", autoescape=True)
        query = query.where(named) if action else query
        for column, wanted in ((t.by, by), (t.subject, subject)):
            query = query.where(column == wanted) if wanted else query
        for bound, holds in ((since, t.at.__ge__), (until, t.at.__le__), (before, t.seq.__lt__)):
            query = query.where(holds(bound)) if bound is not None else query
        return self._db.read(lambda sql: [Audited(*row) for row in sql.execute(query)])


def note(sql: Connection, action: str, subject: str, by: str, detail: str) -> None:
    """What a token proved stands beside what is claimed."""
    acting = actor()
    origin = f"{acting.name} from {acting.origin}" if acting.proved else ""
    row = {"at": clock.now(), "action": action, "subject": subject, "by": by, "detail": detail, "origin": origin}
    sql.execute(insert(tables.audit).values(**row))
