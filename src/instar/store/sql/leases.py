"""Leases: when a blob was last put or asked for, where the blobs themselves cannot say it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from instar.store.sql import tables
from instar.store.sql.database import pieces

t = tables.lease


def renew(sql: Connection, digests: Collection[str], at: int) -> None:
    """From now on these are in use since ``at`` (microseconds), unless they were used later."""
    insert = postgresql.insert if sql.dialect.name == "postgresql" else sqlite.insert
    for some in pieces(sorted(set(digests))):
        new = insert(t).values([{"digest": digest, "touched": at} for digest in some])
        sql.execute(
            new.on_conflict_do_update(
                index_elements=[t.c.digest],
                set_={"touched": new.excluded.touched},
                where=new.excluded.touched > t.c.touched,
            )
        )


def touched(sql: Connection, digests: Iterable[str]) -> dict[str, int]:
    """When those of ``digests`` that have a lease got it."""
    query = select(t.c.digest, t.c.touched)
    return {digest: at for some in pieces(digests) for digest, at in sql.execute(query.where(t.c.digest.in_(some)))}


def end(sql: Connection, digests: Iterable[str]) -> None:
    for some in pieces(digests):
        sql.execute(delete(t).where(t.c.digest.in_(some)))
