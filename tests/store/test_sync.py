"""Push and pull between two stores: what travels, what it is numbered, what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.store.states import state

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.keeping.erasure import erase
from instar.store.keeping.invalidation import invalidate, lift, objections
from instar.store.records import Edge, Feature, File, Label, Metric, Node, Param, Record
from instar.store.sync import Transfer, pull, push
from instar.store.sync.blobs import BlobMissing
from instar.store.sync.plan import plan


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    """Three new stores: two laptops and a team's."""
    opened = [open_store(tmp_path / name) for name in ("ana", "eva", "team")]
    yield opened
    for store in opened:
        store.close()


def run(name: str = "run", at: int = 0, by: str = "ana") -> Node:
    return Node(event_id(), "run", project="p", name=name, created_at=at or clock.now(), created_by=by)


def version(store: Store, name: str, digest: str) -> Node:
    named = Node(named_id("p", "model", name), "model", "", "p", name, clock.now(), "ana")
    made = Node(version_id("p", "model", name, digest), "model_version", digest, "p", name, clock.now(), "ana")
    store.nodes.put([Record((named, made), (Edge(made.id, "specialization", named.id),))])
    return made


def file(store: Store, data: bytes, path: str = "data") -> Node:
    """Content whose bytes lie in a blob, used by an activity of project p."""
    digest = store.blobs.put(data)
    node, maker = Node(content_id("file", digest), "file", digest), run("import")
    files = (File(node.id, path, digest, len(data)),)
    store.nodes.put([Record((node, maker), (Edge(maker.id, "used", node.id, "films.csv"),), files=files)])
    return node


def test_everything_arrives_and_a_second_push_moves_nothing(stores: list[Store]) -> None:
    ana, _, team = stores
    one, data = run("baseline"), file(ana, b"rows" * 1000)
    ana.nodes.put(
        [
            Record(
                (one,),
                (Edge(one.id, "used", data.id, "table"),),
                (Feature(one.id, "Year", "int64"), Feature(one.id, "Genre", "string")),
                (Param(one.id, "lr", "0.1", 0.1),),
            )
        ]
    )
    ana.labels.set([Label(one.id, "note", "first"), Label(one.id, "note", "second")])
    ana.metrics.append([Metric(one.id, "loss", step, step, math.nan if step == 3 else step / 2) for step in range(9)])
    moved = push(ana, team)
    assert (moved.nodes, moved.edges, moved.blobs, moved.bytes, moved.labels, moved.points) == (3, 2, 1, 4000, 2, 9)
    assert state(team) == state(ana)
    assert [feature.name for feature in team.nodes.features([one.id])] == ["Year", "Genre"]
    assert check(team).clean
    assert push(ana, team).empty
    assert pull(ana, team).empty
    assert state(ana) == state(team)


def test_what_was_added_after_a_push_travels_with_the_next(stores: list[Store]) -> None:
    ana, _, team = stores
    one, two = run(), run()
    ana.nodes.put([Record((one, two))])
    push(ana, team)
    blob = ana.blobs.put(b"plot")
    ana.nodes.put([Record(params=(Param(one.id, "lr", "0.1"),), files=(File(one.id, "plot.svg", blob, 4),))])
    ana.nodes.put([Record(edges=(Edge(two.id, "informed", one.id),))])
    ana.metrics.append([Metric(one.id, "loss", 0, 0, 1.0)])
    push(ana, team)
    ana.metrics.append([Metric(one.id, "loss", 1, 1, 0.5)])
    moved = push(ana, team)
    assert (moved.points, moved.nodes, moved.added) == (1, 0, 0)
    assert state(team) == state(ana)


def test_an_earlier_time_and_author_travel_on_from_a_store_that_knew_the_node(stores: list[Store]) -> None:
    ana, eva, team = stores
    late = Node(named_id("p", "dataset", "films"), "dataset", "", "p", "films", 200, "eva")
    eva.nodes.put([Record((late,))])
    push(eva, team)
    ana.nodes.put([Record((replace(late, created_at=100, created_by="ana"),))])
    push(ana, team)
    pull(eva, team)
    assert {store.nodes.get([late.id])[0].created_by for store in stores} == {"ana"}
    assert state(eva) == state(ana)


def test_two_laptops_that_both_made_version_2_keep_both_and_the_origins_number_is_a_label(stores: list[Store]) -> None:
    ana, eva, team = stores
    first = version(ana, "movie-rating", "d1")
    push(ana, eva)
    hers, theirs = version(ana, "movie-rating", "d2"), version(eva, "movie-rating", "d3")
    push(ana, team)
    push(eva, team)
    assert team.nodes.numbers([first.id, hers.id, theirs.id]) == {first.id: 1, hers.id: 2, theirs.id: 3}
    assert team.labels.of([theirs.id])[theirs.id]["number"].value == "2"
    for laptop in (ana, eva):
        pull(laptop, team)
    assert ana.nodes.numbers([hers.id, theirs.id]) == {hers.id: 2, theirs.id: 3}
    assert eva.nodes.numbers([hers.id, theirs.id]) == {hers.id: 3, theirs.id: 2}
    assert eva.labels.of([hers.id])[hers.id]["number"].value == "2", "of where it was made, not of the store between"
    assert eva.nodes.resolve("movie-rating@2") == theirs.id


def test_the_same_file_imported_on_both_sides_is_one_content(stores: list[Store]) -> None:
    ana, eva, _ = stores
    assert file(ana, b"same").id == file(eva, b"same").id
    moved = push(ana, eva)
    assert (moved.nodes, moved.blobs) == (1, 0), "only the other import"
    pull(ana, eva)
    assert state(ana) == state(eva)


def test_bytes_written_first_are_kept_and_others_for_the_same_rows_do_not_travel(stores: list[Store]) -> None:
    ana, eva, _ = stores
    chunk = Node(content_id("chunk", "logical"), "chunk", "logical")
    for store, data in ((ana, b"zstd"), (eva, b"snappy")):
        blob = store.blobs.put(data)
        store.nodes.put([Record((chunk,), files=(File(chunk.id, "data.parquet", blob, len(data)),))])
    assert push(ana, eva).blobs == 0
    assert eva.blobs.read(eva.nodes.files([chunk.id])[0].digest) == b"snappy"


def test_a_label_from_far_ahead_waits_and_comes_later(stores: list[Store], monkeypatch: pytest.MonkeyPatch) -> None:
    ana, _, team = stores
    one = run()
    ana.nodes.put([Record((one,))])
    now = clock.now()
    with monkeypatch.context() as skewed:
        skewed.setattr(clock, "now", lambda: now + 2 * clock.HOUR)
        ana.labels.set([Label(one.id, "stage", "live")])
    ana.labels.set([Label(one.id, "note", "x", at=now)])
    assert (moved := push(ana, team)).deferred == 1
    assert moved.labels == 1
    assert "stage" not in team.labels.of([one.id])[one.id]
    assert push(ana, team).deferred == 1, "it is sent again, and said again"
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: now + 2 * clock.HOUR)
        assert push(ana, team).deferred == 0
    assert state(team) == state(ana)
    assert push(ana, team).empty


def test_no_pushed_label_lifts_an_invalidation_whatever_its_clock(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, eva, team = stores
    made = version(ana, "rating", "d1")
    push(ana, team)
    event = invalidate(team, made.id, "wrong rows")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + clock.HOUR // 2)
    ana.labels.set([Label(made.id, "invalidation", ""), Label(made.id, "lifting", event.id)])
    push(ana, team)
    push(team, eva)
    assert [each.event for each in objections(eva.nodes, made.id)] == [event.id]
    monkeypatch.setattr(clock, "now", lambda: now - 24 * clock.HOUR)
    lift(eva, event.id, "they were right")
    push(eva, team)
    assert objections(team.nodes, made.id) == [], "a lifting counts, whatever its clock says"


def test_points_in_between_and_conflicting_values_end_equal(stores: list[Store]) -> None:
    ana, eva, _ = stores
    one = run()
    for store, values in ((ana, {0: 1.0, 5: 3.0, 6: math.nan}), (eva, {0: 2.0, 3: 0.5, 6: 7.0})):
        store.nodes.put([Record((one,))])
        store.metrics.append([Metric(one.id, "loss", step, step, value) for step, value in values.items()])
    push(ana, eva)
    push(eva, ana)
    assert state(ana) == state(eva)
    assert [point.value for point in ana.metrics.history(one.id, "loss")] == [1.0, 0.5, 3.0, 7.0]


def test_a_parameter_said_differently_in_two_stores_is_told_and_stops_nothing(stores: list[Store]) -> None:
    ana, eva, _ = stores
    one = run()
    for store, value in ((ana, "0.1"), (eva, "0.2")):
        store.nodes.put([Record((one,), params=(Param(one.id, "lr", value), Param(one.id, f"of {value}", "x")))])
    moved = push(ana, eva)
    assert "'0.1' in" in moved.notes[0]
    assert {param.key: param.value for param in eva.nodes.params([one.id])} == {
        "lr": "0.2",
        "of 0.1": "x",
        "of 0.2": "x",
    }


def test_an_interrupted_push_goes_on_and_nothing_is_acknowledged_before_it_is_there(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _, team = stores
    for number in range(30):
        file(ana, f"rows {number}".encode())
    steps = 0

    def interrupt(moved: Transfer) -> None:
        nonlocal steps
        steps += 1
        if steps % 7 == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr("instar.store.sync.whole.PAGE", 10)
    interrupted = 0
    while True:
        try:
            push(ana, team, interrupt)
        except KeyboardInterrupt:
            interrupted += 1
            assert check(team).clean
        else:
            break
    assert interrupted > 2
    assert state(team) == state(ana)


def test_a_blob_that_is_missing_in_the_source_stops_the_push_with_its_owner(stores: list[Store]) -> None:
    ana, _, team = stores
    lost = file(ana, b"precious")
    ana.blobs.delete(lost.digest)
    with pytest.raises(BlobMissing, match=f"{lost.id}.*--repair"):
        push(ana, team)
    assert state(team)["nodes"] == {}
    ana.blobs.put(b"precious")
    push(ana, team)
    assert state(team) == state(ana)


def test_a_store_that_was_restored_is_another_one_and_nothing_is_lost(stores: list[Store]) -> None:
    ana, _, team = stores
    ana.nodes.put([Record((run(),))])
    push(ana, team)
    ana.peers.renew()  # type: ignore[attr-defined]  # as `instar restore` does
    ana.nodes.put([Record((run(),))])
    assert push(ana, team).nodes == 1
    assert state(team) == state(ana)


def test_one_store_on_both_sides_is_refused(stores: list[Store]) -> None:
    with pytest.raises(BadInput, match="are one store"):
        push(stores[0], stores[0])


def test_a_plan_says_what_would_travel_and_changes_nothing(stores: list[Store]) -> None:
    ana, _, team = stores
    data = file(ana, b"12345")
    ana.labels.set([Label(data.id, "note", "x")])
    before = state(team)
    planned = plan(ana, team)
    assert (planned.nodes, planned.edges, planned.blobs, planned.bytes, planned.labels) == (2, 1, 1, 5, 1)
    assert state(team) == before
    moved = push(ana, team)
    assert (moved.nodes, moved.edges, moved.blobs, moved.bytes, moved.labels) == (2, 1, 1, 5, 1)
    assert plan(ana, team).empty


# One thing with its ancestry


def test_one_thing_comes_with_its_ancestry_and_what_was_decided_about_it(stores: list[Store]) -> None:
    ana, eva, team = stores
    data, other = file(ana, b"used"), file(ana, b"not used")
    maker = ana.nodes.edges([data.id], "in", "used")[0].src
    made = version(ana, "rating", "d1")
    one = run("training")
    edges = (
        Edge(one.id, "used", data.id, "table"),
        Edge(one.id, "informed", maker, "table"),
        Edge(made.id, "generated", one.id),
    )
    ana.nodes.put([Record((one,), edges, params=(Param(one.id, "lr", "0.1"),))])
    ana.labels.set([Label(made.id, "stage", "live"), Label(other.id, "note", "x")])
    ana.metrics.append([Metric(one.id, "loss", 0, 0, 0.5)])
    event = invalidate(ana, data.id, "wrong")
    lift(ana, event.id, "right")
    moved = pull(eva, ana, "rating")
    assert (moved.blobs, moved.points, moved.labels) == (1, 1, 1)
    assert not eva.nodes.has([other.id])
    assert eva.nodes.resolve("rating@1") == made.id
    assert eva.nodes.ancestors(made.id).nodes == ana.nodes.ancestors(made.id).nodes
    assert objections(eva.nodes, made.id) == [], "the lifting came too"
    assert check(eva).clean
    assert pull(eva, ana, "rating").empty
    with pytest.raises(NotFound):
        pull(eva, ana, "nothing")
    pull(team, eva)
    for store in (eva, team):
        pull(store, ana)
        assert state(store) == state(ana), "a whole sync afterwards brings the rest"


# Erasure


@pytest.mark.parametrize("erased_first", [True, False])
def test_erasing_and_pulling_in_either_order_end_equal(stores: list[Store], erased_first: bool) -> None:
    ana, eva, team = stores
    data = file(ana, b"personal")
    push(ana, team)
    if not erased_first:
        pull(eva, team)
    erase(team, data.id, "asked to", project="p")
    pull(eva, team)
    push(eva, ana)
    for store in stores:
        assert store.blobs.has([data.digest]) == set()
        assert store.nodes.has([data.id])
    assert state(ana) == state(eva) == state(team)
    push(ana, team)
    assert team.blobs.has([data.digest]) == set(), "erased bytes do not come back"


def test_what_another_project_claims_stays_or_comes(stores: list[Store]) -> None:
    ana, eva, team = stores
    data = file(ana, b"shared")
    push(ana, team)
    erase(team, data.id, "ours no more", project="p")
    eva.blobs.put(b"shared")
    file(eva, b"shared")
    other = claimed_by_q(eva, data)
    assert eva.nodes.has([other.id])
    push(eva, team)
    assert team.blobs.read(data.digest) == b"shared", "project q claims it"
    pull(ana, team)
    pull(eva, team)
    assert state(ana) == state(eva) == state(team)


def claimed_by_q(store: Store, data: Node) -> Node:
    claim = replace(run("import"), project="q")
    store.nodes.put([Record((claim,), (Edge(claim.id, "used", data.id, "films.csv"),))])
    return claim


def test_what_came_is_known_by_the_store_it_came_from(stores: list[Store]) -> None:
    ana, _, team = stores
    one, own = run(), run()
    ana.nodes.put([Record((one,))])
    team.nodes.put([Record((own,))])
    push(ana, team)
    received = team.nodes.received([one.id, own.id])
    assert (received[one.id].peer, received[own.id].peer) == (ana.id, "")
