"""Who sent a node and when; labels and metrics in order of arrival; where changes came from; peers, settings and leases;
edges by serial numbers."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, UniqueConstraint

revision = "0002"
down_revision = "0001"

_id = String(32)
_serial = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    op.add_column("node", Column("recorded_at", BigInteger, nullable=False, server_default="0"))
    op.add_column("node", Column("recorded_by", String, nullable=False, server_default=""))
    _number_labels()
    _number_ends()
    op.add_column("metric_last", Column("changed", BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE metric_last SET changed = 1")
    op.drop_index("metric_last_value", "metric_last")
    op.create_index("metric_last_value", "metric_last", ["key", "value", "run"])
    op.create_index("metric_last_changed", "metric_last", ["changed"])
    op.add_column("audit", Column("origin", String, nullable=False, server_default=""))
    op.create_table("setting", Column("key", String, primary_key=True), Column("value", String, nullable=False))
    op.create_table(
        "peer",
        Column("peer", String, primary_key=True),
        Column("what", String, primary_key=True),
        Column("cursor", String, nullable=False),
    )
    op.create_table("lease", Column("digest", String, primary_key=True), Column("touched", BigInteger, nullable=False))


def _number_labels() -> None:
    """A serial number becomes the primary key, so the table is made anew."""
    for index in ("label_subject", "label_key", "label_at"):
        op.drop_index(index, "label")
    op.rename_table("label", "label_0001")
    op.create_table(
        "label",
        Column("seq", _serial, primary_key=True, autoincrement=True),
        Column("id", _id, nullable=False, unique=True),
        Column("subject", _id, ForeignKey("node.id"), nullable=False),
        Column("key", String, nullable=False),
        Column("value", String, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("by", String, nullable=False),
    )
    op.execute(
        "INSERT INTO label (id, subject, key, value, at, by) "
        "SELECT id, subject, key, value, at, by FROM label_0001 ORDER BY at, id"
    )
    op.drop_table("label_0001")
    op.create_index("label_subject", "label", ["subject", "key", "at"])
    op.create_index("label_key", "label", ["key", "value"])
    op.create_index("label_at", "label", ["at"])


def _number_ends() -> None:
    """Edges refer to the serial numbers of their ends; a view keeps showing them by ids."""
    op.drop_index("edge_down", "edge")
    op.rename_table("edge", "edge_0001")
    op.create_table(
        "link",
        Column("seq", _serial, primary_key=True, autoincrement=True),
        Column("src", _serial, ForeignKey("node.seq"), nullable=False),
        Column("dst", _serial, ForeignKey("node.seq"), nullable=False),
        Column("rel", String, nullable=False),
        Column("role", String, nullable=False),
        UniqueConstraint("src", "dst", "rel", "role", name="link_up"),
    )
    op.execute(
        "INSERT INTO link (seq, src, dst, rel, role) SELECT e.seq, s.seq, d.seq, e.rel, e.role "
        "FROM edge_0001 e JOIN node s ON s.id = e.src JOIN node d ON d.id = e.dst ORDER BY e.seq"
    )
    op.drop_table("edge_0001")
    op.create_index("link_down", "link", ["dst", "src", "rel"])
    op.execute(
        "CREATE VIEW edge AS SELECT link.seq AS seq, s.id AS src, d.id AS dst, link.rel AS rel, link.role AS role "
        "FROM link JOIN node s ON s.seq = link.src JOIN node d ON d.seq = link.dst"
    )
