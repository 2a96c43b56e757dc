"""The first schema, word for word: it stays as it was when stores were made with it, whatever ``sql/tables.py`` says now."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import VARCHAR

revision = "0001"
down_revision = None

_id = String(32).with_variant(VARCHAR(32, collation="C"), "postgresql")
_text = String().with_variant(VARCHAR(collation="C"), "postgresql")
_serial = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "node",
        Column("seq", _serial, primary_key=True, autoincrement=True),
        Column("id", _id, nullable=False, unique=True),
        Column("kind", _text, nullable=False),
        Column("digest", _text, nullable=False),
        Column("project", _text, nullable=False),
        Column("name", _text, nullable=False),
        Column("created_at", BigInteger),
        Column("created_by", _text, nullable=False),
        Column("doc", _text, nullable=False),
    )
    op.create_index("node_kind", "node", ["kind", "created_at"])
    op.create_index("node_name", "node", ["name"])
    op.create_table(
        "edge",
        Column("seq", _serial, primary_key=True, autoincrement=True),
        Column("src", _id, ForeignKey("node.id"), nullable=False),
        Column("dst", _id, ForeignKey("node.id"), nullable=False),
        Column("rel", _text, nullable=False),
        Column("role", _text, nullable=False),
        UniqueConstraint("src", "dst", "rel", "role", name="edge_up"),
    )
    op.create_index("edge_down", "edge", ["dst", "src", "rel"])
    op.create_table(
        "number",
        Column("named", _id, ForeignKey("node.id"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("node", _id, ForeignKey("node.id"), nullable=False, unique=True),
    )
    op.create_table(
        "feature",
        Column("node", _id, ForeignKey("node.id"), primary_key=True),
        Column("name", _text, primary_key=True),
        Column("role", _text, primary_key=True),
        Column("type", _text, nullable=False),
        Column("unit", _text, nullable=False),
        Column("position", Integer, nullable=False),
    )
    op.create_index("feature_name", "feature", ["name", "node"])
    op.create_table(
        "param",
        Column("run", _id, ForeignKey("node.id"), primary_key=True),
        Column("key", _text, primary_key=True),
        Column("value", _text, nullable=False),
        Column("number", Double),
    )
    op.create_index("param_value", "param", ["key", "value"])
    op.create_index("param_number", "param", ["key", "number"])
    op.create_table(
        "file",
        Column("node", _id, ForeignKey("node.id"), primary_key=True),
        Column("path", _text, primary_key=True),
        Column("digest", _text, nullable=False),
        Column("size", BigInteger, nullable=False),
    )
    op.create_index("file_digest", "file", ["digest"])
    op.create_table(
        "label",
        Column("id", _id, primary_key=True),
        Column("subject", _id, ForeignKey("node.id"), nullable=False),
        Column("key", _text, nullable=False),
        Column("value", _text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("by", _text, nullable=False),
    )
    op.create_index("label_subject", "label", ["subject", "key", "at"])
    op.create_index("label_key", "label", ["key", "value"])
    op.create_index("label_at", "label", ["at"])
    op.create_table(
        "metric",
        Column("run", _id, primary_key=True),
        Column("key", _text, primary_key=True),
        Column("step", BigInteger, primary_key=True, autoincrement=False),
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("value", Double),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "metric_last",
        Column("run", _id, primary_key=True),
        Column("key", _text, primary_key=True),
        Column("step", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("value", Double),
    )
    op.create_index("metric_last_value", "metric_last", ["key", "value"])
    op.create_table(
        "memo",
        Column("key", _text, primary_key=True),
        Column("value", LargeBinary, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_table(
        "key",
        Column("id", _text, primary_key=True),
        Column("owner", _text, nullable=False),
        Column("public", _text, nullable=False),
        Column("registered_at", BigInteger, nullable=False),
        Column("registered_by", _text, nullable=False),
        Column("revoked_at", BigInteger),
    )
    op.create_table(
        "token",
        Column("digest", _text, primary_key=True),
        Column("name", _text, nullable=False),
        Column("role", _text, nullable=False),
        Column("project", _text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
    )
    op.create_table(
        "audit",
        Column("seq", _serial, primary_key=True, autoincrement=True),
        Column("at", BigInteger, nullable=False),
        Column("action", _text, nullable=False),
        Column("subject", _text, nullable=False),
        Column("by", _text, nullable=False),
        Column("detail", _text, nullable=False),
    )
