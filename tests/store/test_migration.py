"""A store that an older Instar made: its database is kept as it was, and afterwards everything reads the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from instar.base.digests import digest_bytes
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import open_store
from instar.store.blobs import FolderBlobs
from instar.store.keeping.check import check
from instar.store.migrations import upgrade
from instar.store.records import Edge, Feature, File, Key, Label, Metric, Node, Param, Token
from instar.store.sql.tables import HEAD

FILE = Node(content_id("file", "f" * 64), "file", "f" * 64)
MADE = Node(event_id(), "activity", "", "p", "import", 5, "ana", {"verb": "import"})
NAMED = Node(named_id("p", "dataset", "films"), "dataset", "", "p", "films", 6, "ana")
VERSION = Node(version_id("p", "dataset_version", "films", "d"), "dataset_version", "d", "p", "films", 7, "ana")
RUN = Node(event_id(), "run", "", "p", "baseline", 8, "eva", {"host": "lab"})
NODES = (FILE, MADE, NAMED, VERSION, RUN)
EDGES = (
    Edge(MADE.id, "used", FILE.id, "films.csv"),
    Edge(VERSION.id, "generated", MADE.id, "out"),
    Edge(VERSION.id, "specialization", NAMED.id),
)
BYTES = b"weights"
LABELS = [Label(RUN.id, "tag", "gold", 10, "ana", event_id()), Label(RUN.id, "tag", "silver", 9, "eva", event_id())]
POINTS = [Metric(RUN.id, "loss", 1, 1, 0.5), Metric(RUN.id, "loss", 2, 2, 0.25)]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A store as the first Instar wrote it, with something in every table."""
    folder = tmp_path / "store"
    FolderBlobs(folder / "blobs").put(BYTES)
    engine = create_engine(f"sqlite:///{folder / 'store.db'}")
    with engine.begin() as sql:
        sql.exec_driver_sql("CREATE TABLE instar_schema (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        upgrade(sql, "0001")
    engine.dispose()
    with closing(sqlite3.connect(folder / "store.db")) as db, db:
        for node in NODES:
            doc = {RUN.id: '{"host":"lab"}', MADE.id: '{"verb":"import"}'}.get(node.id, "{}")
            row = (node.id, node.kind, node.digest, node.project, node.name, node.created_at, node.created_by, doc)
            fill(db, "node (id, kind, digest, project, name, created_at, created_by, doc)", *row)
        for edge in EDGES:
            fill(db, "edge (src, dst, rel, role)", edge.src, edge.dst, edge.rel, edge.role)
        fill(db, "number", NAMED.id, 1, VERSION.id)
        fill(db, "feature (node, name, role, type, unit, position)", VERSION.id, "Year", "", "int64", "year", 0)
        fill(db, "param", RUN.id, "lr", "0.1", 0.1)
        fill(db, "file", RUN.id, "weights", digest_bytes(BYTES), len(BYTES))
        for label in LABELS:
            fill(db, "label", label.id, label.subject, label.key, label.value, label.at, label.by)
        for point in POINTS:
            fill(db, "metric", point.run, point.key, point.step, point.at, point.value)
        fill(db, "metric_last", RUN.id, "loss", 2, 2, 0.25)
        fill(db, "memo", "k", b"v", 1)
        fill(db, "key", "k1", "ana", "ab", 1, "ana", None)
        fill(db, "token", "t1", "ci", "viewer", "", 1, None)
        fill(db, "audit (at, action, subject, by, detail)", 1, "key.add", "k1", "ana", "ana")
    yield folder
    open_store(folder).close()


def fill(db: sqlite3.Connection, into: str, *values: object) -> None:
    db.execute(f"INSERT INTO {into} VALUES ({', '.join('?' * len(values))})", values)


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in names if "sqlite" not in name}


def test_everything_reads_the_same_after_a_migration(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(old) as store:
        assert store.nodes.get([node.id for node in NODES]) == list(NODES)
        page = store.nodes.since()
        assert (set(page.record.edges), page.numbers) == (set(EDGES), {VERSION.id: 1})
        assert store.nodes.features([VERSION.id]) == [Feature(VERSION.id, "Year", "int64", "year")]
        assert store.nodes.params([RUN.id]) == [Param(RUN.id, "lr", "0.1", 0.1)]
        assert store.nodes.files([RUN.id]) == [File(RUN.id, "weights", digest_bytes(BYTES), len(BYTES))]
        assert [node.id for node in store.nodes.ancestors(VERSION.id).nodes][-1] == FILE.id
        assert store.labels.history(RUN.id, "tag") == LABELS[::-1]
        assert {each.value for each in store.labels.since().labels} == {"gold", "silver"}
        assert store.metrics.history(RUN.id, "loss") == POINTS
        assert [series.key for series in store.metrics.since().series] == ["loss"]
        assert store.memo.get(["k"]) == {"k": b"v"}
        assert store.access.keys() == [Key("k1", "ana", "ab", 1, "ana")]
        assert store.access.tokens() == [Token("t1", "ci", "viewer", "", 1)]
        assert [each.action for each in store.access.audited()] == ["key.add"]
        assert store.blobs.read(digest_bytes(BYTES)) == BYTES
        assert check(store).clean
    assert "migrating the store" in capsys.readouterr().err


def test_the_database_is_kept_as_it_was(old: Path) -> None:
    before = rows(old / "store.db")
    with open_store(old):
        pass
    assert rows(old / "store.db.0001.backup") == before
    assert rows(old / "store.db")["instar_schema"] == [(HEAD,)]


def test_a_copy_that_is_there_is_never_written_over(old: Path) -> None:
    (old / "store.db.0001.backup").write_bytes(b"the first copy")
    with open_store(old):
        pass
    assert (old / "store.db.0001.backup").read_bytes() == b"the first copy"
