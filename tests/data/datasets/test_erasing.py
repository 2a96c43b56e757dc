"""Erasing: bytes go and stay away, what was derived is told, and other projects keep what they claim."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from instar.base.errors import BadInput
from instar.base.ids import content_id
from instar.data.datasets.dataset import DatasetVersion, dataset, import_data
from instar.data.datasets.erasing import erase_from
from instar.flow.dataflow import Dataflow
from instar.store import Store
from instar.store.keeping.check import check
from instar.store.keeping.erasure import apply_erasures, erase
from instar.store.keeping.invalidation import lift
from instar.store.keeping.tombstones import Erased

FRAME = pl.DataFrame({"name": ["Ana", "Eva", "Bo", "Cy"], "email": ["a@", "e@", "b@", "c@"], "age": [30, 40, None, 20]})


@pytest.fixture
def people(store: Store, tmp_path: Path) -> DatasetVersion:
    FRAME.write_csv(tmp_path / "people.csv")
    version = import_data("people", tmp_path / "people.csv", chunk_rows=2, store=store)
    assert len(version.chunks) == 2  # read while it can be
    return version


def test_what_is_erased_is_gone_and_says_when_by_whom_and_why(store: Store, people: DatasetVersion) -> None:
    found = erase(store, "people@1", "a person asked")
    assert found.blobs == 3  # the manifest and two chunks
    assert found.freed > 0
    assert not store.blobs.list()
    with pytest.raises(Erased, match=r"was erased by ana on \d.*: a person asked \(erasure .*gone for good") as error:
        dataset("people", store=store).to_polars()
    assert error.value.status == 410
    assert store.nodes.get([people.id])[0].digest == people.digest, "the tombstone keeps the digest"
    assert check(store).clean


def test_a_dry_run_says_the_same_and_changes_nothing(store: Store, people: DatasetVersion) -> None:
    before = store.nodes.since().cursor
    planned = erase(store, "people@1", "a person asked", dry_run=True)
    assert (planned.event, store.nodes.since(before).cursor) == ("", before)
    assert people.to_polars().height == 4
    done = erase(store, "people@1", "a person asked")
    assert (planned.erased, planned.freed, planned.blobs) == (done.erased, done.freed, done.blobs)


def test_erased_content_is_refused_until_a_lifting_names_the_erasure(
    store: Store, people: DatasetVersion, tmp_path: Path
) -> None:
    event = erase(store, "people@1", "a person asked").event
    FRAME.write_parquet(tmp_path / "same.parquet")
    with pytest.raises(Erased, match=rf"a person asked .*`instar lift {event}"):
        import_data("again", tmp_path / "same.parquet", chunk_rows=2, store=store)
    assert not store.blobs.list(), "not even for a moment"
    lift(store, event, "it was a mistake")
    assert check(store).clean, "lifted, and not imported again"
    with pytest.raises(Erased, match="allowed again since: import it again"):
        people.to_polars()
    again = import_data("people", tmp_path / "people.csv", chunk_rows=2, store=store)
    assert not again.new
    assert again.to_polars().equals(FRAME)
    assert check(store).clean


def test_an_erased_file_is_refused_however_it_would_be_cut(
    store: Store, people: DatasetVersion, tmp_path: Path
) -> None:
    erase(store, "people.csv", "a person asked")
    with pytest.raises(Erased, match="a person asked"):
        import_data("people", tmp_path / "people.csv", chunk_rows=3, store=store)


def test_bytes_that_another_project_claims_stay_until_it_erases_them_too(
    store: Store, people: DatasetVersion, tmp_path: Path
) -> None:
    other = import_data("people", tmp_path / "people.csv", chunk_rows=2, store=store, project="other")
    found = erase(store, "people@1", "a person asked", project="default")
    assert set(found.kept) == {people.id, *(chunk.id for chunk in people.chunks)}
    assert other.to_polars().equals(FRAME)
    apply_erasures(store, store.nodes.get([found.event]))
    assert other.to_polars().equals(FRAME)
    erase(store, other.id, "and here", project="other")
    assert not store.blobs.list()
    assert check(store).clean


def test_everywhere_takes_the_claim_of_every_project(store: Store, people: DatasetVersion, tmp_path: Path) -> None:
    other = import_data("people", tmp_path / "people.csv", chunk_rows=2, store=store, project="other")
    erase(store, "people@1", "a court said so", project="default", everywhere=True)
    with pytest.raises(Erased, match="a court said so"):
        other.to_polars()
    with pytest.raises(Erased):
        import_data("third", FRAME, chunk_rows=2, store=store, project="third")
    assert check(store).clean


def test_another_project_may_import_what_this_one_erased(store: Store, people: DatasetVersion) -> None:
    event = erase(store, "people@1", "a person asked").event
    other = import_data("people", FRAME, chunk_rows=2, store=store, project="other")
    apply_erasures(store, store.nodes.get([event]))
    assert other.to_polars().equals(FRAME)
    assert check(store).clean


def test_a_chunk_that_another_dataset_is_made_of_stays_and_is_told(store: Store, people: DatasetVersion) -> None:
    more = import_data("more", pl.concat([FRAME, FRAME.head(1)]), chunk_rows=2, store=store)
    found = erase(store, "people@1", "a person asked")
    assert set(found.shared) == {chunk.id for chunk in people.chunks}
    assert more.to_polars().height == 5


def test_what_came_from_it_is_told_and_goes_with_derived(store: Store, people: DatasetVersion) -> None:
    flow = Dataflow("adults", store=store)
    table = flow.source("people", people).filter(pl.col("age") > 25).distinct(on=["name"])
    flow.run(want={"table": table})
    told = erase(store, "people@1", "a person asked", dry_run=True)
    kinds = {node.kind for node in store.nodes.get(told.derived)}
    assert "table" in kinds
    erase(store, "people@1", "a person asked", derived=True)
    assert not {file.digest for file in store.nodes.files(told.derived)} & store.blobs.has(
        {file.digest for file in store.nodes.files(told.derived)}
    )
    with pytest.raises(Erased):
        flow.run(want={"table": table})
    assert check(store).clean


def test_chosen_rows_go_from_every_version_and_the_rest_stays(
    store: Store, people: DatasetVersion, tmp_path: Path
) -> None:
    newer = import_data("people", pl.concat([FRAME, FRAME.head(1)]), chunk_rows=2, store=store)
    done = erase_from("people", "Ana asked", "name = 'Ana'", store=store)
    assert (done.rows, done.number) == (2, 3)
    assert dataset("people", store=store).to_polars()["name"].to_list() == ["Eva", "Bo", "Cy"]
    for old in (people, newer):
        with pytest.raises(Erased, match="Ana asked"):
            old.to_polars()
    with pytest.raises(Erased):
        import_data("people", tmp_path / "people.csv", store=store)
    made = store.nodes.get([dataset("people", store=store).activity])[0]
    assert made.doc["parameters"] == {"rows": 2, "columns": []}
    assert "Ana" not in repr([page.record for page in [store.nodes.since(limit=10_000)]]).replace("Ana asked", "")
    assert check(store).clean


def test_columns_go_and_what_was_never_in_them_stays(store: Store, people: DatasetVersion) -> None:
    done = erase_from("people", "personal", columns=["name", "email"], store=store)
    left = dataset("people", store=store)
    assert left.schema.names == ("age",)
    assert left.to_polars()["age"].to_list() == [30, 40, None, 20]
    assert done.erasure.blobs == 2
    assert people.id in done.erasure.derived
    assert left.id not in done.erasure.derived
    assert not {chunk.id for chunk in left.chunks} & set(done.erasure.derived)
    assert check(store).clean


def test_what_came_of_the_clean_version_is_not_derived(store: Store, people: DatasetVersion) -> None:
    erase_from("people", "personal", columns=["email"], store=store)
    flow = Dataflow("adults", store=store)
    table = flow.source("people", dataset("people", store=store)).distinct(on=["name"])
    flow.run(want={"table": table})
    again = erase(store, people.chunks[0].id, "personal", dry_run=True)
    assert people.id in again.derived


@pytest.mark.parametrize(
    ("rows", "columns", "says"),
    [
        ("name = 'Zoe'", (), "no version has such rows"),
        ("nam = 'Ana'", (), "cannot be used: unable to find column .nam.*; give one"),
        ("name = ", (), "cannot be used"),
        (None, ("nam",), "did you mean 'name'"),
        (None, ("name", "email", "age"), "no column would stay"),
        (None, (), "say which rows or which columns"),
    ],
)
def test_a_choice_that_cannot_be_made_is_told_and_nothing_is_erased(
    store: Store, people: DatasetVersion, rows: str | None, columns: tuple[str, ...], says: str
) -> None:
    before = store.nodes.since().cursor
    with pytest.raises(BadInput, match=says):
        erase_from("people", "why", rows, columns, store=store)
    assert store.nodes.since(before).cursor == before
    assert people.to_polars().equals(FRAME)


def test_an_erasure_needs_a_reason(store: Store, people: DatasetVersion) -> None:
    with pytest.raises(BadInput, match="an erasure needs a reason"):
        erase(store, "people@1", " ")
    assert content_id("file", "x") not in store.nodes.has([content_id("file", "x")])


def test_an_erasure_that_was_interrupted_is_carried_out_later(
    store: Store, people: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("instar.store.keeping.erasure._remove", lambda store, digests: None)
        event = erase(store, "people@1", "a person asked").event
    assert apply_erasures(store, store.nodes.get([event])) > 0
    assert apply_erasures(store, store.nodes.get([event])) == 0
    assert not store.blobs.list()
