"""The tables. One small schema serves every layer; a layer adds a table only for what must be searched."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
)

metadata = MetaData()
VERSION_TABLE = "instar_schema"  # named ours: two users of alembic in one database clash over its default name
HEAD = "0002"

_id = String(32)
_serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER

schema_version = Table(VERSION_TABLE, metadata, Column("version_num", String(32), primary_key=True))

node = Table(
    "node",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("id", _id, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("project", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", BigInteger),
    Column("created_by", String, nullable=False),
    Column("doc", String, nullable=False),
    Column("recorded_at", BigInteger, nullable=False, server_default="0"),
    Column("recorded_by", String, nullable=False, server_default=""),
    Index("node_kind", "kind", "created_at"),
    Index("node_name", "name"),
)

# Edges by the serial numbers of their ends: half the size of edges by ids, and twice as fast to write and to walk.
link = Table(
    "link",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("src", _serial, ForeignKey("node.seq"), nullable=False),
    Column("dst", _serial, ForeignKey("node.seq"), nullable=False),
    Column("rel", String, nullable=False),
    Column("role", String, nullable=False),
    UniqueConstraint("src", "dst", "rel", "role", name="link_up"),  # also the covering index upwards
    Index("link_down", "dst", "src", "rel"),
)

edge = Table(  # a view of ``link`` by ids, for whoever reads
    "edge",
    MetaData(),
    Column("seq", _serial, primary_key=True),
    Column("src", _id, nullable=False),
    Column("dst", _id, nullable=False),
    Column("rel", String, nullable=False),
    Column("role", String, nullable=False),
)
_EDGE = (
    "edge AS SELECT link.seq AS seq, s.id AS src, d.id AS dst, link.rel AS rel, link.role AS role "
    "FROM link JOIN node s ON s.seq = link.src JOIN node d ON d.seq = link.dst"
)


@event.listens_for(metadata, "after_create")
def _create_view(_: MetaData, sql: Connection, **__: Any) -> None:
    have = "OR REPLACE VIEW" if sql.dialect.name == "postgresql" else "VIEW IF NOT EXISTS"
    sql.exec_driver_sql(f"CREATE {have} {_EDGE}")


number = Table(
    "number",
    metadata,
    Column("named", _id, ForeignKey("node.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("node", _id, ForeignKey("node.id"), nullable=False, unique=True),
)

feature = Table(
    "feature",
    metadata,
    Column("node", _id, ForeignKey("node.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("role", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("position", Integer, nullable=False),
    Index("feature_name", "name", "node"),
)

param = Table(
    "param",
    metadata,
    Column("run", _id, ForeignKey("node.id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("number", Double),
    Index("param_value", "key", "value"),
    Index("param_number", "key", "number"),
)

file = Table(
    "file",
    metadata,
    Column("node", _id, ForeignKey("node.id"), primary_key=True),
    Column("path", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Index("file_digest", "digest"),
)

label = Table(
    "label",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("id", _id, nullable=False, unique=True),
    Column("subject", _id, ForeignKey("node.id"), nullable=False),
    Column("key", String, nullable=False),
    Column("value", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Index("label_subject", "subject", "key", "at"),
    Index("label_key", "key", "value"),
    Index("label_at", "at"),
)

metric = Table(
    "metric",
    metadata,
    Column("run", _id, primary_key=True),
    Column("key", String, primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),  # null is NaN, which SQLite cannot hold
    sqlite_with_rowid=False,
)

metric_last = Table(
    "metric_last",
    metadata,
    Column("run", _id, primary_key=True),
    Column("key", String, primary_key=True),
    Column("step", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("value", Double),
    Column("changed", BigInteger, nullable=False, server_default="0"),  # counts up over the whole store
    Index("metric_last_value", "key", "value", "run"),
    Index("metric_last_changed", "changed"),
)

memo = Table(
    "memo",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

key = Table(
    "key",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("public", String, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("registered_by", String, nullable=False),
    Column("revoked_at", BigInteger),
)

token = Table(
    "token",
    metadata,
    Column("digest", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("project", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("by", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("origin", String, nullable=False, server_default=""),
)

setting = Table(
    "setting",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

peer = Table(
    "peer",
    metadata,
    Column("peer", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("cursor", String, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("digest", String, primary_key=True),
    Column("touched", BigInteger, nullable=False),
)
