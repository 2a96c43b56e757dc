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
    text,
)
from sqlalchemy.dialects.postgresql import VARCHAR

metadata = MetaData()
VERSION_TABLE = "instar_schema"  # named ours: two users of alembic in one database clash over its default name
HEAD = "0002"

# PostgreSQL compares and sorts by bytes then, as SQLite does, whatever the language of the database.
_id = String(32).with_variant(VARCHAR(32, collation="C"), "postgresql")
_text = String().with_variant(VARCHAR(collation="C"), "postgresql")
_serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER


def _by_value(name: str) -> tuple[Index, Index]:
    """An index by key and value. In PostgreSQL the beginning of the value: an index row holds less than 3 kB there."""
    return (
        Index(name, "key", "value").ddl_if(dialect="sqlite"),
        Index(name, "key", text("left(value, 500)")).ddl_if(dialect="postgresql"),
    )


schema_version = Table(VERSION_TABLE, metadata, Column("version_num", _id, primary_key=True))

node = Table(
    "node",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("id", _id, nullable=False, unique=True),
    Column("kind", _text, nullable=False),
    Column("digest", _text, nullable=False),
    Column("project", _text, nullable=False),
    Column("name", _text, nullable=False),
    Column("created_at", BigInteger),
    Column("created_by", _text, nullable=False),
    Column("doc", _text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False, server_default="0"),
    Column("recorded_by", _text, nullable=False, server_default=""),
    Column("recorded_from", _text, nullable=False, server_default=""),
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
    Column("rel", _text, nullable=False),
    Column("role", _text, nullable=False),
    UniqueConstraint("src", "dst", "rel", "role", name="link_up"),  # also the covering index upwards
    Index("link_down", "dst", "src", "rel"),
)

edge = Table(  # a view of ``link`` by ids, for whoever reads
    "edge",
    MetaData(),
    Column("seq", _serial, primary_key=True),
    Column("src", _id, nullable=False),
    Column("dst", _id, nullable=False),
    Column("rel", _text, nullable=False),
    Column("role", _text, nullable=False),
)
_EDGE = (
    "edge AS SELECT link.seq AS seq, s.id AS src, d.id AS dst, link.rel AS rel, link.role AS role "
    "FROM link JOIN node s ON s.seq = link.src JOIN node d ON d.seq = link.dst"
)


@event.listens_for(metadata, "after_create")
def _create_view(_: MetaData, sql: Connection, **__: Any) -> None:
    have = "OR REPLACE VIEW" if sql.dialect.name == "postgresql" else "VIEW IF NOT EXISTS"
    sql.exec_driver_sql(f"CREATE {have} {_EDGE}")


renewal = Table(  # nodes that got something after they were recorded: whoever read them before reads them again
    "renewal",
    metadata,
    Column("node", _serial, ForeignKey("node.seq"), primary_key=True, autoincrement=False),
    Column("changed", BigInteger, nullable=False),  # counts up over the whole store
    Index("renewal_changed", "changed"),
)

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
    Column("name", _text, primary_key=True),
    Column("role", _text, primary_key=True),
    Column("type", _text, nullable=False),
    Column("unit", _text, nullable=False),
    Column("position", Integer, nullable=False),
    Index("feature_name", "name", "node"),
)

param = Table(
    "param",
    metadata,
    Column("run", _id, ForeignKey("node.id"), primary_key=True),
    Column("key", _text, primary_key=True),
    Column("value", _text, nullable=False),
    Column("number", Double),
    *_by_value("param_value"),
    Index("param_number", "key", "number"),
    sqlite_with_rowid=False,  # what is asked of one run lies together: half the time of a search
)

file = Table(
    "file",
    metadata,
    Column("node", _id, ForeignKey("node.id"), primary_key=True),
    Column("path", _text, primary_key=True),
    Column("digest", _text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Index("file_digest", "digest"),
)

label = Table(
    "label",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("id", _id, nullable=False, unique=True),
    Column("subject", _id, ForeignKey("node.id"), nullable=False),
    Column("key", _text, nullable=False),
    Column("value", _text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", _text, nullable=False),
    Index("label_subject", "subject", "key", "at"),
    *_by_value("label_key"),
    Index("label_at", "at"),
)

metric = Table(
    "metric",
    metadata,
    Column("run", _id, primary_key=True),
    Column("key", _text, primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),  # null is NaN, which SQLite cannot hold
    sqlite_with_rowid=False,
)

metric_last = Table(
    "metric_last",
    metadata,
    Column("run", _id, primary_key=True),
    Column("key", _text, primary_key=True),
    Column("step", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("value", Double),
    Column("changed", BigInteger, nullable=False, server_default="0"),  # counts up over the whole store
    Index("metric_last_value", "key", "value", "run"),
    Index("metric_last_changed", "changed"),
    sqlite_with_rowid=False,
)

memo = Table(
    "memo",
    metadata,
    Column("key", _text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

key = Table(
    "key",
    metadata,
    Column("id", _text, primary_key=True),
    Column("owner", _text, nullable=False),
    Column("public", _text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("registered_by", _text, nullable=False),
    Column("revoked_at", BigInteger),
)

token = Table(
    "token",
    metadata,
    Column("digest", _text, primary_key=True),
    Column("name", _text, nullable=False),
    Column("role", _text, nullable=False),
    Column("project", _text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("action", _text, nullable=False),
    Column("subject", _text, nullable=False),
    Column("by", _text, nullable=False),
    Column("detail", _text, nullable=False),
    Column("origin", _text, nullable=False, server_default=""),
)

setting = Table(
    "setting",
    metadata,
    Column("key", _text, primary_key=True),
    Column("value", _text, nullable=False),
)

peer = Table(
    "peer",
    metadata,
    Column("peer", _text, primary_key=True),
    Column("what", _text, primary_key=True),
    Column("cursor", _text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("digest", _text, primary_key=True),
    Column("touched", BigInteger, nullable=False),
)
