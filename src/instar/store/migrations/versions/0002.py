"""Who sent a node and when; labels and metrics in order of arrival; where changes came from; peers, settings and leases;
edges by serial numbers."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import VARCHAR

revision = "0002"
down_revision = "0001"

_id = String(32).with_variant(VARCHAR(32, collation="C"), "postgresql")
_text = String().with_variant(VARCHAR(collation="C"), "postgresql")
_serial = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    op.add_column("node", Column("recorded_at", BigInteger, nullable=False, server_default="0"))
    op.add_column("node", Column("recorded_by", _text, nullable=False, server_default=""))
    op.add_column("node", Column("recorded_from", _text, nullable=False, server_default=""))
    _number_labels()
    _number_ends()
    _gather_params()
    op.create_table(
        "renewal",
        Column("node", _serial, ForeignKey("node.seq"), primary_key=True, autoincrement=False),
        Column("changed", BigInteger, nullable=False),
    )
    op.create_index("renewal_changed", "renewal", ["changed"])
    _gather_metrics()
    op.add_column("audit", Column("origin", _text, nullable=False, server_default=""))
    op.create_table("setting", Column("key", _text, primary_key=True), Column("value", _text, nullable=False))
    op.create_table(
        "peer",
        Column("peer", _text, primary_key=True),
        Column("what", _text, primary_key=True),
        Column("cursor", _text, nullable=False),
    )
    op.create_table("lease", Column("digest", _text, primary_key=True), Column("touched", BigInteger, nullable=False))


def _gather_params() -> None:
    """In SQLite what is asked of one run lies together, so the table is made anew."""
    if _on_postgresql():
        op.drop_index("param_value", "param")
        _index_by_value("param_value", "param")
        return
    for index in ("param_value", "param_number"):
        op.drop_index(index, "param")
    op.rename_table("param", "param_0001")
    op.create_table(
        "param",
        Column("run", _id, ForeignKey("node.id"), primary_key=True),
        Column("key", _text, primary_key=True),
        Column("value", _text, nullable=False),
        Column("number", Double),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO param (run, key, value, number) SELECT run, key, value, number FROM param_0001 ORDER BY 1, 2"
    )
    op.drop_table("param_0001")
    _index_by_value("param_value", "param")
    op.create_index("param_number", "param", ["key", "number"])


def _gather_metrics() -> None:
    """The same, and each gets a number that says when it changed."""
    op.drop_index("metric_last_value", "metric_last")
    if _on_postgresql():
        op.add_column("metric_last", Column("changed", BigInteger, nullable=False, server_default="0"))
        op.execute("UPDATE metric_last SET changed = 1")
    else:
        op.rename_table("metric_last", "metric_last_0001")
        op.create_table(
            "metric_last",
            Column("run", _id, primary_key=True),
            Column("key", _text, primary_key=True),
            Column("step", BigInteger, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("value", Double),
            Column("changed", BigInteger, nullable=False, server_default="0"),
            sqlite_with_rowid=False,
        )
        op.execute(
            "INSERT INTO metric_last (run, key, step, at, value, changed) "
            "SELECT run, key, step, at, value, 1 FROM metric_last_0001 ORDER BY run, key"
        )
        op.drop_table("metric_last_0001")
    op.create_index("metric_last_value", "metric_last", ["key", "value", "run"])
    op.create_index("metric_last_changed", "metric_last", ["changed"])


def _number_labels() -> None:
    """A serial number becomes the primary key, so the table is made anew."""
    for index in ("label_subject", "label_key", "label_at"):
        op.drop_index(index, "label")
    op.rename_table("label", "label_0001")
    if _on_postgresql():  # an index keeps its name there when its table is renamed
        op.execute("ALTER INDEX label_pkey RENAME TO label_0001_pkey")
    op.create_table(
        "label",
        Column("seq", _serial, primary_key=True, autoincrement=True),
        Column("id", _id, nullable=False, unique=True),
        Column("subject", _id, ForeignKey("node.id"), nullable=False),
        Column("key", _text, nullable=False),
        Column("value", _text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("by", _text, nullable=False),
    )
    op.execute(
        "INSERT INTO label (id, subject, key, value, at, by) "
        "SELECT id, subject, key, value, at, by FROM label_0001 ORDER BY at, id"
    )
    op.drop_table("label_0001")
    op.create_index("label_subject", "label", ["subject", "key", "at"])
    _index_by_value("label_key", "label")
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
        Column("rel", _text, nullable=False),
        Column("role", _text, nullable=False),
        UniqueConstraint("src", "dst", "rel", "role", name="link_up"),
    )
    op.execute(
        "INSERT INTO link (seq, src, dst, rel, role) SELECT e.seq, s.seq, d.seq, e.rel, e.role "
        "FROM edge_0001 e JOIN node s ON s.id = e.src JOIN node d ON d.id = e.dst ORDER BY e.seq"
    )
    op.drop_table("edge_0001")
    if _on_postgresql():  # it counted none of the rows that brought their numbers along
        op.execute("SELECT setval(pg_get_serial_sequence('link', 'seq'), (SELECT max(seq) FROM link))")
    op.create_index("link_down", "link", ["dst", "src", "rel"])
    op.execute(
        "CREATE VIEW edge AS SELECT link.seq AS seq, s.id AS src, d.id AS dst, link.rel AS rel, link.role AS role "
        "FROM link JOIN node s ON s.seq = link.src JOIN node d ON d.seq = link.dst"
    )


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _index_by_value(name: str, table: str) -> None:
    """In PostgreSQL by the beginning of the value: an index row holds less than 3 kB there."""
    op.create_index(name, table, ["key", text("left(value, 500)") if _on_postgresql() else "value"])
