"""What a step may ask for while it is executed: tables, passes over chunks, values of steps before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import polars as pl

from instar.base.digests import digest_value
from instar.base.ids import content_id, event_id
from instar.data.datasets.chunks import CHUNK_ROWS, Chunk, read_chunk, write_chunk
from instar.data.datasets.manifest import Manifest
from instar.data.datasets.writing import ChunkWriter
from instar.data.preparing.fitting import Fitting, summarise
from instar.data.preparing.preparation import Preparation
from instar.data.preparing.target import Target
from instar.data.rows.frames import dtypes_of
from instar.data.summaries import Of, Summary
from instar.flow.failures import told_by
from instar.flow.fingerprint import libraries
from instar.flow.outcome import Done, Outcome
from instar.flow.pipeline import Pipeline
from instar.flow.schemas import found_widths, planned_widths
from instar.flow.step import OUT, Input, Step
from instar.store.records import File, Node, Record

if TYPE_CHECKING:
    from instar.flow.engines import Engine, Progress
    from instar.store import Store

T = TypeVar("T")
MOST_REMEMBERED = 1 << 20  # bytes of a chunk's summaries; larger ones (of LSA) cost more to keep than to make again
WRITTEN_AT_ONCE = 64


def quiet(label: str, done: int, of: int) -> None:
    """Progress that nobody looks at."""


class Work:
    """The context of one step. activity : the id it will be recorded under;  ran, skipped : tasks on chunks so far"""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        done: Mapping[Step, Done],
        step: Step,
        memo: bool,
        progress: Progress = quiet,
    ) -> None:
        self.store = store
        self.step = step
        self.activity = event_id()
        self._engine = engine
        self._done = done
        self._memo = memo
        self._progress = progress
        self._reads: Counter[str] = Counter()
        self.ran = 0
        self.skipped = 0

    # Values of the steps before

    def input(self, name: str) -> Input | None:
        return next((each for each in self.step.inputs if each.name == name), None)

    def need(self, name: str) -> Input:
        found = self.input(name)
        assert found is not None, f"{self.step.verb.name} has no input {name!r}"
        return found

    def done(self, step: Step) -> Done:
        return self._done[step]

    def value(self, wanted: Input) -> Any:
        """The value behind a port: a preparation, or what the port holds as it is."""
        done = self._done[wanted.step]
        if wanted.port == "state":
            return Preparation.from_bytes(self.store.blobs.read(done.ports["state"]))
        return done.ports[wanted.port]

    # Tables

    def chunks(self, step: Step, port: str) -> list[Chunk]:
        """The chunks that a step wrote, in manifest order."""
        return list(Manifest.from_bytes(self.store.blobs.read(self._done[step].ports[port])).chunks)

    def frame(self, table: Input) -> pl.DataFrame:
        """A whole table in the order of its manifest. Below a split its rows carry their digests."""
        pipeline = Pipeline.to(table)
        frames = self.over(table, lambda frame: frame, rows=pipeline.splits)
        return pl.concat(frames) if frames else pl.DataFrame()

    def over(self, table: Input, task: Callable[[pl.DataFrame], T], rows: bool = False) -> list[T]:
        """``task`` on the rows of each chunk of a table; results in manifest order. rows : with the rows' digests"""
        pipeline = Pipeline.to(table)
        given = {each.step: self.value(each) for each in pipeline.needs()}

        def run(chunk: Chunk) -> T:
            with told_by(self.step.label):
                return task(pipeline.run(read_chunk(self.store, chunk), given, rows))

        chunks = self.chunks(pipeline.base, pipeline.base_port)
        self.ran += len(chunks)
        return list(self._engine.map(run, chunks, self.step.label))

    def stream(self, table: Input) -> Iterator[pl.DataFrame]:
        """The rows of a table, chunk by chunk in the order of its manifest. Below a split they carry their digests."""
        pipeline = Pipeline.to(table)
        given = {each.step: self.value(each) for each in pipeline.needs()}
        chunks, label = self.chunks(pipeline.base, pipeline.base_port), self._pass_label(table)
        for done, chunk in enumerate(chunks, 1):
            self.ran += 1
            with told_by(self.step.label):
                frame = pipeline.run(read_chunk(self.store, chunk), given, pipeline.splits)
            yield frame
            del frame
            self._progress(label, done, len(chunks))

    def _pass_label(self, table: Input) -> str:
        """What progress calls this reading of a table: a step may read several, and one several times."""
        self._reads[table.name] += 1
        which = "" if table.name == "table" else f", {table.name}"
        again = f", pass {count}" if (count := self._reads[table.name]) > 1 else ""
        return f"{self.step.label}{which}{again}"

    def write_pieces(self, pieces: Iterable[Mapping[str, pl.DataFrame]], ports: Sequence[str]) -> Outcome:
        """Write the tables of a step, by port, as they come: a chunk is written as soon as it is full."""
        tables = {port: ChunkWriter(self.store, dtypes_of(planned_widths(self.step.schema_of(port)))) for port in ports}
        for piece in pieces:
            for port, frame in piece.items():
                tables[port].add(frame)
        outcomes = [self._table(port, table.first, table.done()) for port, table in tables.items()]
        return reduce(Outcome.beside, outcomes)

    def write_table(self, frame: pl.DataFrame) -> Outcome:
        """Write a whole table as chunks of a fixed number of rows, and their manifest."""
        slices = [frame.slice(at, CHUNK_ROWS) for at in range(0, frame.height, CHUNK_ROWS)] or [frame]
        chunks = self._engine.map(lambda part: write_chunk(self.store, part), slices, self.step.label)
        return self._table(OUT, frame, list(chunks))

    def _table(self, port: str, frame: pl.DataFrame, chunks: Sequence[Chunk]) -> Outcome:
        """The table behind ``port``: its manifest, and the node that holds it. frame : some of its rows"""
        rows = sum(chunk.rows for chunk in chunks)
        manifest = Manifest(found_widths(self.step.schema_of(port), frame), tuple(chunks))
        data = manifest.to_bytes()
        blob = self.store.blobs.put(data)
        node = Node(content_id("table", manifest.digest), "table", manifest.digest, doc={"rows": rows})
        files = (File(node.id, "manifest.arrow", blob, len(data)), *_chunk_files(node.id, chunks))
        return Outcome({port: blob}, {port: node}, record=Record(files=files), doc={"rows": {port: rows}})

    # Fitting

    def fit(self, table: Input, fitting: Fitting) -> Fitting:
        """Take the passes that ``fitting`` asks for; a chunk whose summaries are known is not read."""
        pipeline = Pipeline.to(table)
        given = {each.step: self.value(each) for each in pipeline.needs()}
        digests = {each.step: digest_value(self._done[each.step].made) for each in pipeline.needs()}
        shape = pipeline.fingerprint(digests)
        chunks = self.chunks(pipeline.base, pipeline.base_port)
        while wants := fitting.wants():
            fitting.tell(self._pass(pipeline, given, shape, chunks, fitting, wants))
        return fitting

    def _pass(
        self,
        pipeline: Pipeline,
        given: Mapping[Step, Any],
        shape: str | None,
        chunks: Sequence[Chunk],
        fitting: Fitting,
        wants: Mapping[Hashable, Of],
    ) -> dict[Hashable, Summary]:
        """One pass: the merged summaries of all chunks, folded in manifest order as they come."""
        task = [of.definition() for of in wants.values()]
        same = ["summaries", shape, fitting.stage, task, libraries()]
        keys = [digest_value([*same, chunk.digest]) for chunk in chunks]
        known = self.store.memo.get(keys) if self._memo and shape is not None else {}
        missing = {key: chunk for key, chunk in zip(keys, chunks) if key not in known}

        def run(chunk: Chunk) -> bytes:
            with told_by(self.step.label):
                frame = pipeline.run(read_chunk(self.store, chunk), given)
                found = summarise(fitting.prepare(frame), wants)
            return msgspec.msgpack.encode([found[key].to_bytes() for key in wants])

        self.ran += len(missing)
        self.skipped += len(keys) - len(missing)
        made = self._remembered(missing, self._engine.map(run, list(missing.values()), self.step.label), shape)
        total: list[Summary] = []
        for part in in_order(keys, known, made):
            each = msgspec.msgpack.decode(part, type=list[bytes])
            found = [of.from_bytes(data) for of, data in zip(wants.values(), each)]
            total = list(map(or_, total, found)) if total else found
        return dict(zip(wants, total))

    def _remembered(self, keys: Iterable[str], parts: Iterable[bytes], shape: str | None) -> Iterator[bytes]:
        """The parts, of which those that are not large go into the memo, some at a time."""
        entries: dict[str, bytes] = {}
        for key, part in zip(keys, parts):
            if shape is not None and len(part) <= MOST_REMEMBERED:
                entries[key] = part
            if len(entries) == WRITTEN_AT_ONCE:
                self.store.memo.put(entries)
                entries = {}
            yield part
        self.store.memo.put(entries)

    def target(self) -> Target:
        """The fitted target of the model that is an input of this step."""
        return Target.from_bytes(self.store.blobs.read(self._done[self.need("model").step].files["target.json"]))

    @cached_property
    def schema(self) -> Any:
        return self.need("table").schema


def in_order(keys: Sequence[str], known: dict[str, bytes], made: Iterator[bytes]) -> Iterator[bytes]:
    """The part of each key: known, or the next that is made. One that no later key needs is let go."""
    uses = Counter(keys)
    for key in keys:
        part = known.pop(key) if key in known else next(made)
        uses[key] -= 1
        if uses[key]:
            known[key] = part
        yield part
    next(made, None)  # what comes after its last part


def _chunk_files(node: str, chunks: Sequence[Chunk]) -> tuple[File, ...]:
    """The chunks as files of the table, so that ``check`` reads them and they belong to something."""
    return tuple(File(node, f"chunks/{place:05}.parquet", chunk.file, chunk.size) for place, chunk in enumerate(chunks))
