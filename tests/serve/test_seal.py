from __future__ import annotations

import msgspec
import pytest
from tests.serve.running import versions
from tests.serve.test_segment import write

from instar.base.ids import event_id
from instar.data.datasets.dataset import dataset
from instar.serve.deployment import deploy
from instar.serve.errors import UnknownPrediction
from instar.serve.feedback import recalled
from instar.serve.lookup import lookup
from instar.serve.policies import Thompson
from instar.serve.seal import record_segment, seal, seal_dead
from instar.serve.segment import FEEDBACK, Feedback, Header, Prediction, SegmentFile
from instar.serve.spec import live_deployments
from instar.store import Store, open_store

ROW = ((2009, None, "Up", ["Comedy", None], "2009-05-29"), {
    "Year": 2009, "Runtime": None, "Title": "Up", "Genre": ["Comedy", None], "Released": "2009-05-29",
})  # fmt: skip
COLUMNS = (
    ("Year", "int64"), ("Runtime", "float64"), ("Title", "string"), ("Genre", "list[string]"), ("Released", "date"),
)  # fmt: skip


def prediction(number: int) -> bytes:
    row = msgspec.Raw(msgspec.msgpack.encode(ROW[0]))
    context = {"region": "US", "hour": number}
    return msgspec.msgpack.encode(
        Prediction(1_000_000 + number, 1, (0, 1), (0.25, 0.75), "region=US", True, 0.5, context, (0,), row)
    )


def feedback(header: Header, number: int, counted: bool = True) -> bytes:
    id = f"{header.replica}-{header.segment}-{number}"
    return msgspec.msgpack.encode(Feedback(id, 9, 1_000_000 + number, "m2", "region=US", 0.75, True, 1.0, counted))


@pytest.fixture
def header(store: Store) -> Header:
    """Of a segment of a deployment that is recorded."""
    deploy("rating", versions(store, 2), Thompson(by=["region"]), experimental=True, store=store)
    live = live_deployments(store, "default")["rating"]
    return Header(
        event_id(), "00c0ffee", "default", "rating", live.id, live.activity, ("m1", "m2"), ("a@1", "a@2"), COLUMNS,
        "bool", 77,
    )  # fmt: skip


def written(store: Store, header: Header, predictions: int, given: list[tuple[int, bool]]) -> SegmentFile:
    file = SegmentFile(store.folder / "journal", header)
    write(file, [prediction(number) for number in range(predictions)])
    write(file, [feedback(header, number, counted) for number, counted in given], FEEDBACK)
    return file


def test_a_decision_is_the_same_before_and_after_sealing(store: Store, header: Header) -> None:
    file = written(store, header, 5, [(3, True), (3, False)])
    id = f"00c0ffee-{header.segment}-3"
    before = lookup(id, store)
    file.close()
    seal(store, file.path)
    after = lookup(id, store)
    assert before.row == after.row == ROW[1]
    assert before.dataset == ""
    assert after.dataset == dataset("rating.predictions", store=store).id
    assert msgspec.structs.replace(after, dataset="") == before
    assert [each["counted"] for each in after.feedback] == [True, False]
    assert after.missing == ["a@1"]


def test_sealing_twice_gives_the_same_version(store: Store, header: Header) -> None:
    file = written(store, header, 3, [(0, True)])
    file.close()
    data = file.path.read_bytes()
    assert seal(store, file.path) == 4
    first = dataset("rating.predictions", store=store)
    file.path.write_bytes(data)  # as if the crash came before the log was removed
    assert seal(store, file.path) == 4
    assert dataset("rating.predictions", store=store) == first
    assert first.number == 1


def test_a_sealed_segment_came_from_its_deployment_and_the_models(store: Store, header: Header) -> None:
    file = written(store, header, 1, [])
    file.close()
    seal(store, file.path)
    graph = store.nodes.ancestors(dataset("rating.predictions", store=store).id)
    kinds = {node.kind for node in graph.nodes}
    assert {"segment", "deployment_version", "activity"} <= kinds
    verbs = {node.name for node in graph.of_kind("activity")}
    assert {"deploy", "publish", "train"} <= verbs


def test_only_segments_of_dead_writers_are_sealed(store: Store, header: Header) -> None:
    dead = written(store, header, 1, [])
    dead.close()
    other = msgspec.structs.replace(header, segment=event_id())
    alive = written(store, other, 1, [])
    assert seal_dead(store) == [header.segment]
    assert alive.path.exists()
    alive.close()
    assert seal_dead(store) == [other.segment]


def test_a_log_without_a_whole_header_held_nothing_and_is_removed(store: Store) -> None:
    journal = store.folder / "journal"
    journal.mkdir()
    (journal / f"{event_id()}.log").write_bytes(b"INSTARJ1\x10\x00")
    assert len(seal_dead(store)) == 1
    assert list(journal.glob("*.log")) == []


def test_what_the_policy_knew_is_recalled_from_sealed_and_open_segments(store: Store, header: Header) -> None:
    rule = Thompson(by=["region"], forget=None)
    first = written(store, header, 6, [(0, True), (1, True), (1, False)])
    first.close()
    seal(store, first.path)
    second = msgspec.structs.replace(header, segment=event_id())
    record_segment(store, second)
    file = written(store, second, 3, [(2, True)])
    write(file, [feedback(header, 5)], FEEDBACK)  # late, for a prediction of the segment before
    state, counted = recalled(store, "default", "rating", rule)
    assert state.seen("region=US", "m2", 0) == (4.0, 0.0)
    assert state.count == 4
    for segment, number in [(header.segment, 0), (header.segment, 5), (second.segment, 2)]:
        assert (segment, number) in counted
    assert (header.segment, 2) not in counted
    file.close()


def test_an_unknown_id_says_why(store: Store, header: Header) -> None:
    file = written(store, header, 1, [])
    file.close()
    seal(store, file.path)
    with pytest.raises(UnknownPrediction, match="within 100 ms"):
        lookup(f"00c0ffee-{header.segment}-1", store)
    with pytest.raises(UnknownPrediction, match="replica 00c0ffee may belong to another store"):
        lookup(f"00c0ffee-{event_id()}-1", store)
    with pytest.raises(UnknownPrediction, match="has the form"):
        lookup("movie-rating@1", store)


def test_an_id_of_another_store_is_not_found_here(
    store: Store, header: Header, tmp_path_factory: pytest.TempPathFactory
) -> None:
    written(store, header, 1, []).close()
    with open_store(tmp_path_factory.mktemp("other") / "store") as other, pytest.raises(UnknownPrediction):
        lookup(f"00c0ffee-{header.segment}-0", other)
