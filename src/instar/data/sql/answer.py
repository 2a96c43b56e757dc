"""Ask in SQL; keep the answer as a dataset version that knows what it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, overload

import polars as pl

from instar.base.clock import now
from instar.base.errors import BadInput
from instar.base.ids import event_id
from instar.base.names import check_name
from instar.base.rows import row_digests
from instar.base.settings import author_setting, project_setting
from instar.data.datasets.chunks import CHUNK_ROWS, write_chunk
from instar.data.datasets.dataset import DatasetVersion, dataset, version_record
from instar.data.datasets.manifest import Manifest
from instar.data.rows.frames import schema_of
from instar.data.sources.database import quoted
from instar.data.sources.rechunk import rechunk
from instar.data.sql.engine import MEMORY, SECONDS, answering
from instar.data.sql.question import CATALOGUE, Question, question
from instar.store import open_store
from instar.store.records import Edge, Node, Record

if TYPE_CHECKING:
    from instar.store import Store

MOST_RECORDS = 1_000_000  # rows of a table of the record that a question can see


@overload
def sql(
    text: str,
    to: None = None,
    *,
    limit: int | None = ...,
    memory: str = ...,
    seconds: float = ...,
    store: Store | None = ...,
    project: str | None = ...,
) -> pl.DataFrame: ...
@overload
def sql(
    text: str,
    to: str,
    *,
    limit: int | None = ...,
    memory: str = ...,
    seconds: float = ...,
    store: Store | None = ...,
    project: str | None = ...,
) -> DatasetVersion: ...
def sql(
    text: str,
    to: str | None = None,
    *,
    limit: int | None = None,
    memory: str = MEMORY,
    seconds: float = SECONDS,
    store: Store | None = None,
    project: str | None = None,
) -> pl.DataFrame | DatasetVersion:
    """The answer to one SELECT in DuckDB's SQL over datasets.

    text : a table is a dataset (``films``, its newest version), a version (``"films@2"``), or ``catalogue.node`` and the
    other tables of the record.  Nothing else can be read: no file, no network, no setting
    to : keep the answer as a version of this dataset, with the question and what it read on record.  Its rows are in the
    order that the question gives, else sorted by all their columns, so that the same question gives the same version
    limit : of rows;  memory : beyond it DuckDB spills to disk;  seconds : after which the question is ended

    Raises BadInput for what is no question, NotFound for an unknown dataset.
    """
    asked = question(text)
    store, project = store or open_store(), project_setting(project)
    versions = {name: dataset(name, store=store, project=project) for name in asked.datasets}
    records = {name: _records(store, name) for name in asked.catalogue}
    if limit is not None and limit < 1:
        raise BadInput(f"sql: limit={limit} asks for no row; give a number from 1")
    with answering(asked, versions, records, limit, memory, seconds) as pieces:
        if to is not None:
            check_name("dataset", to)
            return _kept(store, project, to, asked, versions, pieces)
        return pl.concat(pieces)


def _records(store: Store, table: str) -> pl.DataFrame:
    found = store.catalogue.select(f"SELECT * FROM {quoted(table)}", limit=MOST_RECORDS)
    if found.more:
        raise BadInput(
            f"sql: {CATALOGUE}.{table} has more than {MOST_RECORDS:,} rows; ask the store itself: instar rule, or find"
        )
    return pl.DataFrame(found.rows, schema=list(found.columns), orient="row", infer_schema_length=None)


def _kept(
    store: Store,
    project: str,
    name: str,
    asked: Question,
    versions: Mapping[str, DatasetVersion],
    pieces: Iterator[pl.DataFrame],
) -> DatasetVersion:
    if not asked.ordered:
        whole = pl.concat(pieces)
        pieces = iter([_sorted(whole)])
    first = next(pieces)
    schema = schema_of(first)
    chunks = [write_chunk(store, frame, project) for frame in rechunk(_again(first, pieces), CHUNK_ROWS)]
    manifest = Manifest(schema, tuple(chunks or [write_chunk(store, first)]))
    blob = store.blobs.put(manifest.to_bytes())
    doc = {
        "verb": "sql",
        "step": f"sql {name}",
        "parameters": {"question": asked.text, "datasets": {key: each.id for key, each in versions.items()}},
        "rows": {"out": manifest.rows},
    }
    activity = Node(event_id(), "activity", "", project, "sql", now(), author_setting(), doc)
    read = tuple(
        edge
        for key, each in versions.items()
        for edge in (
            Edge(activity.id, "used", each.id, key),
            Edge(activity.id, "informed", each.activity, f"{key}:out"),
        )
    )
    told = {"format": "sql", "query": asked.text}
    _, record = version_record(store, name, blob, project=project, activity=activity.id, source=told)
    store.nodes.put([Record((activity,), read) + record])
    return dataset(name, store=store, project=project)


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    """By all columns; lists and the like, which have no order, by their digests."""
    plain = [name for name, dtype in frame.schema.items() if not dtype.is_nested()]
    digest = "\0digest"  # no column is called so
    keyed = frame.with_columns(pl.Series(digest, row_digests(frame, frame.columns)))
    return keyed.sort([*plain, digest], nulls_last=True).drop(digest)


def _again(first: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first
    yield from rest
