"""Erasing chosen rows, or personal columns, of a dataset: a new version without them, then the old chunks go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.exceptions import PolarsError

from instar.base.clock import now
from instar.base.errors import BadInput, ColumnMissing
from instar.base.ids import event_id, named_id
from instar.base.schema import Schema
from instar.base.settings import author_setting, project_setting
from instar.data.datasets.chunks import Chunk, read_chunk, write_chunk
from instar.data.datasets.dataset import DatasetVersion, dataset
from instar.data.datasets.manifest import Manifest
from instar.data.datasets.recording import DATASET, version_record
from instar.data.rows.frames import dtypes_of
from instar.store.keeping.erasure import Erasure, erase_ids
from instar.store.keeping.tombstones import Erased
from instar.store.records import Edge, Node, Record

if TYPE_CHECKING:
    from instar.store import Store

Without = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Cleaned:
    """What was erased of a dataset. rows : of the newest version that went;  number : of the new version, 0 in a dry run"""

    name: str
    number: int
    rows: int
    columns: tuple[str, ...]
    erasure: Erasure


def erase_from(
    name: str,
    reason: str,
    rows: pl.Expr | str | None = None,
    columns: Sequence[str] = (),
    *,
    derived: bool = False,
    everywhere: bool = False,
    dry_run: bool = False,
    store: Store,
    project: str | None = None,
) -> Cleaned:
    """Write a version of the dataset ``name`` without some rows or columns, then erase what held them.

    rows : a condition, as a Polars expression or in SQL (``Name = 'Ana'``); where it is unknown (null) a row stays
    columns : that go;  derived, everywhere, dry_run : as for ``erase``

    What goes: the chunks of every version that held some of it, and the source files they came from, which cannot be
    imported again. The record names how many rows and which columns went, never a value. Raises BadInput when nothing
    would go, or nothing would stay.
    """
    newest = dataset(name, store=store, project=project)
    project = project_setting(project)
    schema, without = _what_stays(newest, rows, columns)
    versions = _versions(store, project, newest)
    held = _holding(store, versions, without)
    if not held:
        raise BadInput(f"dataset {name}: no version has such rows; nothing was erased")
    gone_rows = newest.rows - sum(chunk.rows - held.get(chunk.id, 0) for chunk in newest.chunks)
    number = newest.number
    if not dry_run and (columns or gone_rows):
        number = _write_without(newest, project, schema, without, held, columns, gone_rows)
    ids = [*held, *_sources(store, versions, held)]
    clean = _clean(store, _versions(store, project, newest), held)
    erasure = erase_ids(store, ids, reason, project, derived, everywhere, dry_run, clean=clean)
    return Cleaned(newest.name, 0 if dry_run else number, gone_rows, tuple(columns), erasure)


def _what_stays(version: DatasetVersion, rows: pl.Expr | str | None, columns: Sequence[str]) -> tuple[Schema, Without]:
    """The schema that stays, and what makes it of a chunk."""
    if rows is None and not columns:
        raise BadInput(f"dataset {version.name}: say which rows or which columns are to be erased")
    for column in columns:
        if column not in version.schema.names:
            raise ColumnMissing(column, f"erase from {version.name}", version.schema.names)
    kept = [field for field in version.schema if field.name not in columns]
    if not kept:
        raise BadInput(
            f"dataset {version.name}: no column would stay; erase it as a whole: `instar erase {version.name}`"
        )
    condition = _condition(version, rows)

    def without(frame: pl.DataFrame) -> pl.DataFrame:
        left = frame if condition is None else frame.filter(~condition.fill_null(False))
        return left.drop([column for column in columns if column in left.columns])

    return Schema(tuple(kept)), without


def _condition(version: DatasetVersion, rows: pl.Expr | str | None) -> pl.Expr | None:
    """Tried on a table without rows, so that a mistake is told before anything is read."""
    if rows is None:
        return None
    try:
        condition = pl.sql_expr(rows) if isinstance(rows, str) else rows
        pl.DataFrame(schema=dtypes_of(version.schema)).filter(condition)
    except PolarsError as error:
        said = str(error).strip().partition("\n")[0]
        raise BadInput(
            f"dataset {version.name}: the condition cannot be used: {said}; give one such as \"Name = 'Ana'\""
        ) from None
    return condition


def _versions(store: Store, project: str, newest: DatasetVersion) -> list[DatasetVersion]:
    numbers = [number for number, _ in store.nodes.versions(named_id(project, DATASET, newest.name))]
    return [dataset(newest.name, number, store=store, project=project) for number in numbers]


def _holding(store: Store, versions: Sequence[DatasetVersion], without: Without) -> dict[str, int]:
    """The chunks of any version that hold what is to go, with how many of their rows go."""
    held: dict[str, int] = {}
    seen: set[str] = set()
    for chunk in (chunk for version in versions for chunk in version.chunks):
        if chunk.id not in seen:
            seen.add(chunk.id)
            try:
                frame = read_chunk(store, chunk)
            except Erased:
                continue
            left = without(frame)
            if left.shape != frame.shape:
                held[chunk.id] = frame.height - left.height
    return held


def _write_without(
    old: DatasetVersion,
    project: str,
    schema: Schema,
    without: Without,
    held: dict[str, int],
    columns: Sequence[str],
    rows: int,
) -> int:
    """The number of the version that has the rest. Chunks that held nothing of it stay as they are."""
    store, chunks = old.store, list[Chunk]()
    for chunk in old.chunks:
        if chunk.id not in held:
            chunks.append(chunk)
        elif (left := without(read_chunk(store, chunk))).height:
            chunks.append(write_chunk(store, left, project))
    chunks = chunks or [write_chunk(store, pl.DataFrame(schema=dtypes_of(schema)))]
    manifest = Manifest(schema, tuple(chunks))
    doc: dict[str, Any] = {
        "verb": "erase",
        "step": f"erase from {old.name}",
        "parameters": {"rows": rows, "columns": list(columns)},
        "rows_out": {"out": manifest.rows},
    }
    activity = Node(event_id(), "activity", "", project, "erase", now(), author_setting(), doc)
    edges = (Edge(activity.id, "used", old.id, "table"), Edge(activity.id, "informed", old.activity, "table:out"))
    blob = store.blobs.put(manifest.to_bytes())
    id, record = version_record(store, old.name, blob, project=project, activity=activity.id, source=old.source)
    store.nodes.put([Record((activity,), edges) + record])
    return store.nodes.numbers([id])[id]


def _sources(store: Store, versions: Sequence[DatasetVersion], held: dict[str, int]) -> list[str]:
    """The source files of the versions that held some of it."""
    made = {version.activity for version in versions if any(chunk.id in held for chunk in version.chunks)}
    read = {edge.dst for edge in store.nodes.edges(sorted(made), "out", "used")}
    return sorted(node.id for node in store.nodes.get(sorted(read)) if node.kind == "file")


def _clean(store: Store, versions: Sequence[DatasetVersion], held: dict[str, int]) -> set[str]:
    """The chunks and versions that held nothing of it, with the erasing that made them."""
    found = {chunk.id for version in versions for chunk in version.chunks} - set(held)
    for version in versions:
        if not any(chunk.id in held for chunk in version.chunks):
            found.add(version.id)
            if store.nodes.get([version.activity])[0].doc.get("verb") == "erase":
                found.add(version.activity)
    return found
