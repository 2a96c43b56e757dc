"""Importing, and the versions that come of it."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.base.errors import BadInput, ColumnMissing, NotFound
from instar.base.ids import named_id
from instar.base.logical import logical_digest
from instar.base.schema import Field, Schema
from instar.data.datasets.chunks import Chunk, parquet_bytes, read_chunk, write_chunk
from instar.data.datasets.dataset import dataset, import_data, version_record
from instar.data.datasets.manifest import Manifest
from instar.store import Store
from instar.store.find.query import Query, Term
from instar.store.records import Node, Record

ROWS = pl.DataFrame({"id": range(10), "title": [f"film {number}" for number in range(10)]})


def recorded(store: Store) -> int:
    return len(store.nodes.since().record.nodes)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    path = tmp_path / "films.csv"
    ROWS.write_csv(path)
    return path


def test_an_import_gives_back_the_rows_and_says_what_it_is(store: Store, films: Path) -> None:
    version = import_data("films", films, store=store, chunk_rows=4)
    assert version.new
    assert (version.name, version.number, version.rows, str(version)) == ("films", 1, 10, "films@1")
    assert [chunk.rows for chunk in version.chunks] == [4, 4, 2]
    assert version.to_polars().equals(ROWS)
    assert [frame.height for frame in version.frames()] == [4, 4, 2]
    assert version.schema == Schema.of(Field("id", "int64"), Field("title", "string"))


def test_the_record_leads_from_the_version_to_the_file(store: Store, films: Path) -> None:
    version = import_data("films", films, store=store, chunk_rows=4, units={"id": "film"}, roles={"id": "id"})
    graph = store.nodes.ancestors(version.id)
    [activity] = graph.of_kind("activity")
    [file] = graph.of_kind("file")
    assert activity.id == version.activity
    assert activity.doc["verb"] == "import"
    assert activity.doc["files"] == [{"path": str(films), "digest": file.digest, "size": films.stat().st_size}]
    assert (file.project, file.name, file.created_at) == ("", "", None)
    assert {node.id for node in graph.of_kind("chunk")} == {chunk.id for chunk in version.chunks}
    assert [(each.name, each.unit, each.role) for each in store.nodes.features([version.id])] == [
        ("id", "film", "id"),
        ("title", "", ""),
    ]
    assert {each.rel for each in store.nodes.edges([version.id], "out")} == {"specialization", "generated", "member"}
    assert store.nodes.get([version.id])[0].doc["rows"] == 10


def test_the_same_content_again_adds_nothing(store: Store, films: Path, tmp_path: Path) -> None:
    first = import_data("films", films, store=store)
    before = recorded(store), [(blob.digest, blob.size) for blob in store.blobs.list()]
    again = import_data("films", films, store=store)
    copy = tmp_path / "copy.parquet"
    ROWS.write_parquet(copy)
    other = import_data("films", copy, store=store)
    assert (first.new, again.new, other.new) == (True, False, False)
    assert first == again == other
    assert (recorded(store), [(blob.digest, blob.size) for blob in store.blobs.list()]) == before


def test_another_content_is_the_next_version_and_the_first_stays(store: Store) -> None:
    first = import_data("films", ROWS, store=store)
    second = import_data("films", ROWS[:5], store=store)
    assert (first.number, second.number) == (1, 2)
    assert dataset("films", store=store) == second
    assert dataset("films", 1, store=store) == dataset("films@1", store=store) == first
    assert dataset("films@1", store=store).to_polars().equals(ROWS)


def test_a_unit_is_part_of_a_version(store: Store) -> None:
    assert (
        import_data("films", ROWS, store=store).id != import_data("films", ROWS, units={"id": "film"}, store=store).id
    )


def test_equal_rows_from_every_library_are_one_version(store: Store) -> None:
    versions = [
        import_data("films", frame, store=store) for frame in (ROWS, ROWS.to_pandas(), ROWS.to_arrow(), ROWS.lazy())
    ]
    assert len({version.id for version in versions}) == 1


def test_one_content_in_two_datasets_and_two_projects_is_kept_once(store: Store) -> None:
    one = import_data("films", ROWS, store=store)
    two = import_data("movies", ROWS, store=store)
    three = import_data("films", ROWS, store=store, project="other")
    assert len({one.id, two.id, three.id}) == 3
    assert one.chunks == two.chunks == three.chunks
    assert [edge.dst for edge in store.nodes.edges([three.id], "out", "specialization")] == [
        named_id("other", "dataset", "films")
    ]


def test_a_new_file_costs_only_its_own_chunks(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    for day in range(2):
        ROWS.with_columns(day=pl.lit(day)).write_csv(folder / f"{day}.csv")
    first = import_data("days", folder, store=store, chunk_rows=4)
    ROWS.with_columns(day=pl.lit(2)).write_csv(folder / "2.csv")
    second = import_data("days", folder, store=store, chunk_rows=4)
    assert second.chunks[: len(first.chunks)] == first.chunks
    assert [chunk.rows for chunk in second.chunks] == [4, 4, 2] * 3


def test_progress_is_told_by_rows(store: Store) -> None:
    told: list[tuple[int, int | None]] = []
    import_data("films", ROWS, store=store, chunk_rows=4, progress=lambda done, total: told.append((done, total)))
    import_data("more", iter([ROWS]), store=store, progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 10), (8, 10), (10, 10), (10, None)]


def test_a_table_of_no_rows_is_a_version_with_its_columns(store: Store) -> None:
    version = import_data("none", ROWS[:0], store=store)
    assert (version.rows, version.to_polars().schema) == (0, ROWS.schema)


def test_a_query_is_recorded_with_the_version(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "films.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE films AS SELECT 1 AS id")
    database.close()
    version = import_data("films", path, query="SELECT id + 1 AS next FROM films", store=store)
    assert version.source == {"format": "sqlite", "query": "SELECT id + 1 AS next FROM films", "chunk_rows": 65_536}
    assert version.to_polars().rows() == [(2,)]


@pytest.mark.parametrize(
    "data",
    [b"", b"id,title\n1,x\n2\n", b"id,title\n1,\xff\n", b'id,title\n1,"x\n'],
    ids=["empty", "ragged", "bytes", "quote"],
)
def test_nothing_is_kept_of_what_cannot_be_read(store: Store, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"bad\.csv"):
        import_data("films", path, store=store)
    assert (recorded(store), list(store.blobs.list())) == (0, [])


def test_a_frame_that_does_not_fit_leaves_no_node(store: Store) -> None:
    with pytest.raises(BadInput, match="frame 2 does not fit"):
        import_data("films", iter([ROWS, ROWS.cast(pl.String)]), store=store, chunk_rows=4)
    assert recorded(store) == 0


def test_a_file_that_changes_while_it_is_read_is_refused(store: Store, films: Path) -> None:
    def write_more(done: int, total: int | None) -> None:
        with films.open("a") as file:
            file.write("11,film 11\n")

    with pytest.raises(BadInput, match="changed while it was read"):
        import_data("films", films, store=store, progress=write_more)
    assert recorded(store) == 0


def test_a_unit_of_a_column_that_is_not_there_is_refused(store: Store, films: Path) -> None:
    with pytest.raises(ColumnMissing, match="units: the input has no column 'titel'; did you mean 'title'"):
        import_data("films", films, units={"titel": "text"}, store=store)


@pytest.mark.parametrize("name", ["", "a@1", "a:b", "a/b"])
def test_a_name_that_other_words_could_not_tell_apart_is_refused(store: Store, name: str) -> None:
    with pytest.raises(BadInput, match="dataset name"):
        import_data(name, ROWS, store=store)


def test_an_unknown_dataset_or_version_says_what_there_is(store: Store) -> None:
    import_data("films", ROWS, store=store)
    with pytest.raises(NotFound, match="no dataset 'flims'; did you mean 'films'"):
        dataset("flims", store=store)
    with pytest.raises(NotFound, match="no dataset version 'films@7'; it has the versions 1"):
        dataset("films@7", store=store)
    with pytest.raises(BadInput, match="after the @ comes the number"):
        dataset("films@latest", store=store)


def test_datasets_are_found_by_kind_and_column(store: Store) -> None:
    version = import_data("films", ROWS, store=store)
    assert [node.id for node in store.nodes.find(Query((Term("feature", "title"),)))] == [version.id]


def test_another_activity_that_gives_the_same_rows_is_recorded_with_them(store: Store) -> None:
    version = import_data("films", ROWS, store=store)
    activity = Node("0" * 32, "activity", project="default", name="write", doc={"verb": "write"})
    id, record = version_record(store, "films", version.manifest, project="default", activity=activity.id)
    store.nodes.put([Record((activity,)) + record])
    assert (id, record.nodes) == (version.id, ())
    assert {edge.dst for edge in store.nodes.edges([id], "out", "generated")} == {version.activity, activity.id}
    assert dataset("films", store=store).activity == version.activity


def test_a_chunk_keeps_the_bytes_that_were_written_first(store: Store) -> None:
    [first] = import_data("films", ROWS, store=store).chunks
    assert write_chunk(store, ROWS) == first
    assert read_chunk(store, first).equals(ROWS)


def test_parquet_bytes_do_not_depend_on_how_the_frame_lies_in_memory() -> None:
    pieces = pl.concat([ROWS[:3], ROWS[3:]], rechunk=False)
    assert parquet_bytes(pieces) == parquet_bytes(ROWS)
    assert parquet_bytes(ROWS)[:4] == b"PAR1"


def test_row_groups_are_bounded() -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    data = parquet_bytes(pl.DataFrame({"x": range(150_000)}))
    assert pq.ParquetFile(io.BytesIO(data)).metadata.num_row_groups == 3


def test_a_manifest_comes_back_from_its_bytes_and_its_digest_is_of_the_content(store: Store) -> None:
    schema = Schema.of(Field("id", "int64", "film", "id"))
    manifest = Manifest(schema, (Chunk("1", "a", "f", 3, 99), Chunk("2", "b", "g", 4, 99)))
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    other_bytes = Manifest(schema, (Chunk("1", "a", "x", 3, 1), Chunk("2", "b", "y", 4, 1)))
    other_order = Manifest(schema, manifest.chunks[::-1])
    other_unit = Manifest(Schema.of(Field("id", "int64")), manifest.chunks)
    assert manifest.digest == other_bytes.digest
    assert len({manifest.digest, other_order.digest, other_unit.digest}) == 3
    assert manifest.rows == 7


def test_a_manifest_can_be_read_by_others() -> None:
    ipc = pytest.importorskip("pyarrow.ipc")
    data = Manifest(Schema.of(Field("id", "int64")), (Chunk("1", "a", "f", 3, 99),)).to_bytes()
    [chunks] = ipc.open_file(data).read_all()["chunks"].to_pylist()
    assert chunks == [{"id": "1", "digest": "a", "file": "f", "rows": 3, "size": 99}]


@given(st.lists(st.tuples(st.none() | st.integers(), st.none() | st.text(max_size=3)), max_size=20), st.integers(1, 25))
@settings(max_examples=40, deadline=None)
def test_the_rows_of_a_source_are_those_of_its_chunks(rows: list[tuple[int | None, str | None]], size: int) -> None:
    from instar.data.sources.detect import open_source

    numbers = [None if number is None else number % 2**62 for number, _ in rows]
    frame = pl.DataFrame({"a": numbers, "b": [text for _, text in rows]}, schema={"a": pl.Int64, "b": pl.String})

    def pieces() -> Iterator[pl.DataFrame]:
        yield frame[:7]
        yield frame[7:]

    found = [*open_source(pieces()).chunks(size)]
    assert [piece.height for piece in found[:-1]] == [size] * (len(found) - 1)
    whole = pl.concat([frame[:0], *found])
    assert logical_digest(whole) == logical_digest(frame)


def test_pandas_frames_keep_missing_values_apart_from_empty_texts(store: Store) -> None:
    version = import_data("films", pd.DataFrame({"a": ["", None]}), store=store)
    assert version.to_polars().rows() == [("",), (None,)]


def test_importing_a_table_again_repairs_a_chunk_that_was_damaged(store: Store) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    version = import_data("numbers", frame, store=store)
    [chunk] = version.chunks
    path = store.folder / "blobs" / chunk.file[:2] / chunk.file[2:]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    again = import_data("numbers", frame, store=store)
    assert not again.new
    assert again.to_polars().equals(frame)
