"""A token of one project sees and writes what belongs to that project, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.web.running import Threaded

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import Conflict, Forbidden, NotFound
from instar.base.ids import content_id, event_id
from instar.serve.tokens import create_token
from instar.store import Store, open_store
from instar.store.find.query import parse
from instar.store.protocols import FACETS
from instar.store.records import Edge, File, Label, Metric, Node, Record
from instar.store.sync import pull, push
from instar.web.scope import ScopedStore


def run(project: str) -> Node:
    return Node(event_id(), "run", "", project, "r", clock.now(), "ana")


def file_of(data: bytes) -> Node:
    return Node(content_id("file", digest_bytes(data)), "file", digest_bytes(data))


def imported(store: Store, project: str, data: bytes) -> tuple[Node, Node]:
    """An import of ``data``: the file, and the run that read it."""
    digest, reader, file = store.blobs.put(data), run(project), file_of(data)
    files = (File(file.id, "a.csv", digest, len(data)),)
    store.nodes.put([Record((reader, file), (Edge(reader.id, "used", file.id, "a.csv"),), files=files)])
    return file, reader


@pytest.fixture
def mine(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store through a token of the project ``mine``."""
    monkeypatch.setenv("INSTAR_TOKEN", create_token(store, "laptop", "admin", "mine"))
    with Threaded(store) as server, open_store(server.url) as opened:
        yield opened


def test_what_is_another_projects_is_not_there(store: Store, mine: Store) -> None:
    file, reader = imported(store, "theirs", b"secret")
    store.labels.set([Label(reader.id, "stage", "live")])
    store.metrics.append([Metric(reader.id, "loss", 0, 0, 0.5)])
    for ask in (
        lambda: mine.nodes.get([reader.id]),
        lambda: mine.nodes.ancestors(reader.id),
        lambda: mine.nodes.descendants(reader.id),
    ):
        with pytest.raises(NotFound, match="mine has none"):
            ask()
    with pytest.raises(NotFound):
        mine.blobs.read(digest_bytes(b"secret"))
    assert mine.nodes.has([file.id, reader.id]) == set()
    assert mine.nodes.find(parse("run")) == []
    assert mine.nodes.count(parse("run")) == 0
    assert mine.nodes.edges([reader.id], "out") == []
    assert mine.nodes.files([file.id]) == []
    assert mine.nodes.holders([digest_bytes(b"secret")]) == []
    assert mine.nodes.since().record == Record()
    assert mine.labels.where("stage") == mine.labels.history(reader.id) == list(mine.labels.since().labels) == []
    assert mine.metrics.history(reader.id, "loss") == []
    assert mine.metrics.since().series == ()
    assert mine.blobs.has([digest_bytes(b"secret")]) == set()
    assert mine.blobs.list() == []


def test_what_is_its_own_and_the_content_it_refers_to_is_there(store: Store, mine: Store) -> None:
    file, reader = imported(mine, "mine", b"ours")
    made, table = Node(event_id(), "activity", project="mine"), Node(content_id("table", "t"), "table", "t")
    chunk = Node(content_id("chunk", "c"), "chunk", "c")
    edges = (Edge(table.id, "generated", made.id), Edge(table.id, "member", chunk.id))
    mine.nodes.put([Record((made, table, chunk), edges)])
    assert mine.nodes.has([file.id, reader.id, table.id, chunk.id]) == {file.id, reader.id, table.id, chunk.id}
    assert mine.nodes.resolve("a.csv") == file.id
    assert [node.id for node in mine.nodes.find(parse("run"))] == [reader.id]
    assert mine.blobs.read(digest_bytes(b"ours")) == b"ours"
    assert set(mine.nodes.ancestors(reader.id).depth) == {reader.id, file.id}
    assert store.nodes.received([reader.id])[reader.id].by == "laptop"


def test_nothing_is_written_into_another_project(store: Store, mine: Store) -> None:
    _, theirs = imported(store, "theirs", b"secret")
    own = run("mine")
    mine.nodes.put([Record((own,))])
    with pytest.raises(Forbidden, match="is of the project theirs"):
        mine.nodes.put([Record((run("theirs"),))])
    for write in (
        lambda: mine.nodes.put([Record(edges=(Edge(own.id, "informed", theirs.id),))]),
        lambda: mine.labels.set([Label(theirs.id, "stage", "live")]),
        lambda: mine.metrics.append([Metric(theirs.id, "loss", 0, 0, 0.5)]),
    ):
        with pytest.raises(NotFound, match="mine has none"):
            write()
    assert store.nodes.edges([own.id], "out") == []


def test_the_author_of_another_projects_node_is_not_rewritten_by_claiming_it(store: Store, mine: Store) -> None:
    _, theirs = imported(store, "theirs", b"secret")
    with pytest.raises(NotFound, match="mine has none"):
        mine.nodes.put([Record((msgspec.structs.replace(theirs, project="mine", created_at=1, created_by="eva"),))])
    assert store.nodes.get([theirs.id]) == [theirs]


def test_a_deployment_serves_no_version_of_another_project(store: Store, mine: Store) -> None:
    own, theirs = Node(event_id(), "deployment", project="mine"), Node(event_id(), "deployment_version", project="b")
    store.nodes.put([Record((own, theirs))])
    with pytest.raises(NotFound, match="mine has none"):
        mine.labels.set([Label(own.id, "live", theirs.id)])
    with pytest.raises(NotFound, match="mine has none"):
        mine.labels.merge([Label(own.id, "live", theirs.id, 1, "ana", event_id())])
    assert store.labels.of([own.id]) == {own.id: {}}


def test_a_name_that_others_have_too_tells_nothing_of_theirs(store: Store, mine: Store) -> None:
    _, reader = imported(store, "theirs", b"secret")
    mine.nodes.put([Record((run("mine"), run("mine")))])
    with pytest.raises(NotFound, match=r"no node 'a\.csv'"):
        mine.nodes.resolve("a.csv")
    with pytest.raises(Conflict, match="ambiguous; give") as told:
        mine.nodes.resolve(reader.id[:6])
    assert reader.id not in str(told.value)


def test_a_push_and_a_pull_of_one_project_bring_its_metrics(mine: Store, tmp_path: Path) -> None:
    own = run("mine")
    with open_store(tmp_path / "laptop") as laptop, open_store(tmp_path / "other") as other:
        laptop.nodes.put([Record((own,))])
        laptop.metrics.append([Metric(own.id, "loss", step, step, 0.5) for step in range(3)])
        push(laptop, mine)
        pull(other, mine)
        assert other.metrics.history(own.id, "loss") == laptop.metrics.history(own.id, "loss")


def test_questions_about_the_whole_store_are_refused_before_anything_is_done(store: Store) -> None:
    own, token = run("mine"), create_token(store, "laptop", "admin", "mine")
    store.nodes.put([Record((own,))])
    with Threaded(store) as server:
        erase = {"what": own.id, "reason": "x", "project": "mine", "everywhere": True}
        asked = [server.ask("POST", "/api/v1/erase", erase, token), server.ask("POST", "/api/v1/gc", {}, token)]
        asked += [server.ask("GET", f"/api/v1/{name}", None, token) for name in ("check", "audit")]
    assert [status for status, _, _ in asked] == [403] * 4
    assert store.nodes.count(parse("")) == 1


def test_knowing_a_digest_opens_nothing_but_having_the_bytes_does(store: Store, mine: Store) -> None:
    file, _ = imported(store, "theirs", b"secret")
    own, digest = run("mine"), digest_bytes(b"secret")
    with pytest.raises(Forbidden, match="send its bytes first"):
        mine.nodes.put([Record((own,), files=(File(own.id, "x", digest, 6),))])
    with pytest.raises(Forbidden, match="never sent"):
        mine.nodes.put([Record((own, file), (Edge(own.id, "used", file.id),))])
    mine.blobs.put(b"secret")
    mine.nodes.put([Record((own, file), (Edge(own.id, "used", file.id),))])
    assert mine.blobs.read(digest) == b"secret"


def test_memos_and_cursors_are_its_own(store: Store, mine: Store) -> None:
    store.memo.put({"key": b"theirs"})
    assert mine.memo.get(["key"]) == {}
    mine.memo.put({"key": b"mine"})
    assert (mine.memo.get(["key"]), store.memo.get(["key"])) == ({"key": b"mine"}, {"key": b"theirs"})
    mine.peers.advance("a", {"nodes": "1:1"})
    assert (mine.peers.cursors("a"), store.peers.cursors("a")) == ({"nodes": "1:1"}, {})


def test_what_is_about_the_whole_store_is_refused(mine: Store, tmp_path: Path) -> None:
    for ask in (
        lambda: mine.catalogue.select("SELECT 1"),
        lambda: mine.access.tokens(),
        lambda: mine.access.audited(),
        lambda: mine.access.revoke_token("laptop"),
        lambda: mine.memo.clear(),
        lambda: mine.blobs.delete("0" * 64),
        lambda: mine.blobs.collect([], 0),
    ):
        with pytest.raises(Forbidden, match="one for all projects"):
            ask()


def test_a_scoped_store_has_every_facet(store: Store) -> None:
    scoped = ScopedStore(store, "mine")
    assert all(hasattr(scoped, facet) for facet in FACETS)
