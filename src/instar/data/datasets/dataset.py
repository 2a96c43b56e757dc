"""Datasets: importing a table, and the versions it has in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from instar.base.clock import now
from instar.base.digests import digest_file
from instar.base.errors import BadInput, Conflict, NotFound
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.base.names import check_name
from instar.base.schema import Role, Schema
from instar.base.settings import author_setting, project_setting
from instar.data.datasets.chunks import CHUNK_ROWS, Chunk, read_chunk, write_chunk
from instar.data.datasets.manifest import Manifest
from instar.data.datasets.recording import DATASET, VERSION, version_record
from instar.data.rows.frames import annotated, dtypes_of
from instar.data.sources.detect import open_source
from instar.data.sources.source import Source
from instar.store import open_store
from instar.store.find.query import Query, Term
from instar.store.keeping.tombstones import refuse_erased
from instar.store.records import Edge, Node, Record

if TYPE_CHECKING:
    from instar.data.drift.drift import Drift
    from instar.data.profile.profile import Profile
    from instar.store import Store

__all__ = ["DatasetVersion", "dataset", "import_data", "version_record"]
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class DatasetVersion:
    """One immutable state of a dataset, as it is recorded in a store.

    manifest : digest of the blob that lists its chunks;  rows : in all;  activity : id of what made it
    new : whether the call that returned it recorded it
    """

    id: str
    name: str
    number: int
    project: str
    rows: int
    manifest: str
    activity: str
    source: Mapping[str, Any]
    store: Store = field(repr=False, compare=False)
    new: bool = field(default=False, compare=False)

    @cached_property
    def _manifest(self) -> Manifest:
        return Manifest.from_bytes(self.store.blobs.read(self.manifest))

    @property
    def schema(self) -> Schema:
        return self._manifest.schema

    @property
    def digest(self) -> str:
        """Of the schema and the logical content."""
        return self._manifest.digest

    @property
    def chunks(self) -> list[Chunk]:
        return list(self._manifest.chunks)

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, a chunk at a time, in order."""
        for chunk in self.chunks:
            yield read_chunk(self.store, chunk)

    def to_polars(self) -> pl.DataFrame:
        """All rows in memory."""
        return pl.concat(self.frames())

    def profile(self, progress: Callable[[int, int], None] | None = None) -> Profile:
        """What is in each column, what goes together, and what is suspicious; ``.save("films.html")`` makes a page.

        progress : called with (chunks done, chunks in all), pass by pass
        """
        from instar.data.datasets.quarantine import quarantined
        from instar.data.profile.profiling import profile_table

        apart = quarantined(self.store, self.id)
        return profile_table(self.store, self.schema, self.chunks, self.name, self.number, progress, apart)

    def drift(self, other: DatasetVersion | pl.DataFrame) -> Drift:
        """How far ``other``, a later version or any table of the same columns, lies from this one."""
        from instar.data.drift.drift import drift

        return drift(self, other)

    def __str__(self) -> str:
        return f"{self.name}@{self.number}"


def import_data(
    name: str,
    source: Any,
    *,
    table: str | None = None,
    query: str | None = None,
    format: str | None = None,
    chunk_rows: int = CHUNK_ROWS,
    units: Mapping[str, str] | None = None,
    roles: Mapping[str, Role] | None = None,
    store: Store | Callable[[], Store] | None = None,
    project: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> DatasetVersion:
    """Import a table as a version of the dataset ``name``.

    source : a file (CSV, JSON, Parquet, Arrow, SQLite, DuckDB, NetCDF, HDF5, FITS), a folder, a pattern or a list of files
    with equal columns, the URL of a database, a data frame of any library, or an iterator of frames; with
    ``format="images"`` or ``"texts"`` a folder of which each file is a row
    table, query : what to read of a database;  format, options : when the file does not tell (``encoding``, ``separator`` …)
    chunk_rows : rows of a chunk; chunks do not cross files, so that a new file leaves the chunks of the others as they are
    units, roles : of columns, by name;  store : or what opens it, called when the source is known to be readable
    progress : called with (rows done, rows in all or None)

    The same content again adds nothing: the version that is there is returned, with ``new`` false. What cannot be read
    is an error before anything is recorded; chunks written before a late error belong to nothing. Raises Erased when the
    project erased one of the files, or rows that equal a chunk of them.
    """
    check_name("dataset", name)
    if chunk_rows < 1:
        raise BadInput(f"chunk_rows={chunk_rows}: a chunk has at least one row; {CHUNK_ROWS} is the default")
    opened = open_source(source, format, {"table": table, "query": query, **options})
    stamps = _stamps(opened.files())
    schema = annotated(opened.schema(), units, roles)
    digests = {path: digest_file(path) for path in opened.files()}
    store = store() if callable(store) else store or open_store()
    project = project_setting(project)
    refuse_erased(store.nodes, project, [content_id("file", digest) for digest in digests.values()])
    chunks = _write(store, opened, schema, chunk_rows, project, progress)
    _unchanged(stamps)
    _still_there(store, chunks)
    manifest = Manifest(schema, tuple(chunks))
    known = version_id(project, VERSION, name, manifest.digest)
    blob = store.blobs.put(manifest.to_bytes())  # also when it is known: its bytes may have been damaged or erased
    if known in store.nodes.has([known]):
        return _handle(store, store.nodes.get([known])[0])
    told = {**opened.describe(), "chunk_rows": chunk_rows}
    activity = _activity(name, project, told, manifest, digests)
    id, record = version_record(store, name, blob, project=project, activity=activity.nodes[0].id, source=told)
    store.nodes.put([activity + record])
    return _handle(store, store.nodes.get([id])[0], new=True)


def dataset(
    name: str, version: int | None = None, store: Store | None = None, project: str | None = None
) -> DatasetVersion:
    """The version of a dataset with this number, else its latest. ``name`` may be ``name@number``. Raises NotFound."""
    store, project = store or open_store(), project_setting(project)
    if version is None and "@" in name:
        name, _, number = name.partition("@")
        if not number.isdigit():
            raise BadInput(f"dataset {name}@{number}: after the @ comes the number of a version, such as {name}@1")
        version = int(number)
    versions = dict(store.nodes.versions(named_id(project, DATASET, name)))
    if not versions:
        found = store.nodes.find(Query((Term("kind", DATASET), Term("project", project)), limit=1000))
        raise NotFound("dataset", name, {node.name for node in found})
    if version is not None and version not in versions:
        numbers = ", ".join(map(str, versions))
        raise NotFound("dataset version", f"{name}@{version}", next_step=f"it has the versions {numbers}")
    return _handle(store, versions[max(versions) if version is None else version])


def _write(
    store: Store, source: Source, schema: Schema, rows: int, project: str, progress: Progress | None
) -> list[Chunk]:
    """Keep the rows of a source as chunks; a table without rows is one chunk without rows."""
    chunks, done = [], 0
    for frame in source.chunks(rows):
        chunks.append(write_chunk(store, frame.select(schema.names), project))
        done += frame.height
        if progress:
            progress(done, source.rows())
    return chunks or [write_chunk(store, pl.DataFrame(schema=dtypes_of(schema)))]


def _still_there(store: Store, chunks: Iterable[Chunk]) -> None:
    """An import may take longer than the grace of ``gc``; asking renews it until the chunks are named in a node."""
    files = {chunk.file for chunk in chunks}
    if lost := files - store.blobs.has(files):
        raise Conflict(f"{len(lost)} chunks were removed by `instar gc` while they were imported; import again")


def _stamps(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def _unchanged(before: Mapping[Path, tuple[int, int]]) -> None:
    """Raises BadInput when a file was written to while it was read: its digest would not be that of the rows."""
    for path, stamp in _stamps(before).items():
        if stamp != before[path]:
            raise BadInput(f"{path} changed while it was read; import it again when nobody writes to it")


def _activity(
    name: str, project: str, told: Mapping[str, Any], manifest: Manifest, digests: Mapping[Path, str]
) -> Record:
    """The import as an activity that used the files, by their content; their names are the activity's."""
    files = [{"path": str(path), "digest": digest, "size": path.stat().st_size} for path, digest in digests.items()]
    doc = {
        "verb": "import",
        "step": f"import {name}",
        "parameters": dict(told),
        "rows_out": {"out": manifest.rows},
        "files": files,
    }
    node = Node(
        event_id(), "activity", project=project, name="import", created_at=now(), created_by=author_setting(), doc=doc
    )
    contents = tuple(Node(content_id("file", digest), "file", digest) for digest in dict.fromkeys(digests.values()))
    used = tuple(Edge(node.id, "used", content_id("file", digest), path.name) for path, digest in digests.items())
    return Record((node, *contents), used)


def _handle(store: Store, node: Node, new: bool = False) -> DatasetVersion:
    made = store.nodes.edges([node.id], "out", "generated")
    return DatasetVersion(
        id=node.id,
        name=node.name,
        number=store.nodes.numbers([node.id])[node.id],
        project=node.project,
        rows=node.doc["rows"],
        manifest=node.doc["manifest"],
        activity=made[0].dst,
        source=node.doc["source"],
        store=store,
        new=new,
    )
