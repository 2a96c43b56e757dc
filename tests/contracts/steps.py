"""What every table step promises. A step's test gives the step and the columns it reads, and inherits the laws."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.operators import bits
from tests.contracts.summaries import SETTINGS as COMMON
from tests.contracts.summaries import Cells, frames_of

from instar.base.errors import ColumnMissing, InstarError
from instar.base.schema import Schema
from instar.base.types import type_name
from instar.data.rows.frames import dtypes_of, schema_of
from instar.data.steps.step import STEPS, Rows, TableStep, step_from

SETTINGS = settings(COMMON, max_examples=12)
HIDDEN = "__number__"
Tables = Mapping[str, list[pl.DataFrame]]  # the chunks of each table that a step reads
ROOT = Path(__file__).parents[2]
_TAKE_AGAIN = """
import json, sys
import polars as pl
from tests.contracts.steps import ran, step_from, words

for line in sys.stdin:
    given = json.loads(line)
    for module in given["modules"]:
        __import__(module)
    tables = {
        name: [pl.DataFrame(table["rows"], schema=table["names"], orient="row").cast(pl.Schema({
            column: getattr(pl, kind) for column, kind in table["types"].items()}))]
        for name, table in given["tables"].items()
    }
    print(words(*ran(step_from(given["step"]), tables)).hex(), flush=True)
"""


@cache
def _another_process() -> subprocess.Popen[bytes]:
    """One for all steps: it takes a step and its tables a line, and ends with this one."""
    other = subprocess.Popen(
        [sys.executable, "-c", _TAKE_AGAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    atexit.register(other.communicate)
    return other


class StepContract:
    """Subclass it.

    step : the step;  cells : the columns that it reads, with a type that has no parameters and a strategy of values
    other_cells : the same of the tables beside ``table``, by name;  samples : some rows of each table, by column
    needed : the columns of ``table`` without which it must refuse (all of ``cells``, when it is not said)
    changes : columns that kept rows may have another value in;  rowless : ports whose rows are no rows of the table
    live : how many chunks may be alive at once; None for a step that says it keeps the table
    """

    step: ClassVar[TableStep]
    cells: ClassVar[Cells]
    other_cells: ClassVar[dict[str, Cells]] = {}
    samples: ClassVar[dict[str, dict[str, list[Any]]]]
    needed: ClassVar[tuple[str, ...] | None] = None
    changes: ClassVar[tuple[str, ...]] = ()
    rowless: ClassVar[tuple[str, ...]] = ()
    live: ClassVar[int | None] = 3

    def arranged(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows in an order (and without the ones) that the step asks for."""
        return frame

    def drawn(self, data: st.DataObject, rows: int = 20) -> dict[str, pl.DataFrame]:
        """A table, and those beside it."""
        others = {name: data.draw(frames_of(cells, rows)) for name, cells in self.other_cells.items()}
        return {"table": self.arranged(data.draw(frames_of(self.cells, rows))), **others}

    def empty(self) -> dict[str, pl.DataFrame]:
        """The tables without rows."""
        every = {"table": self.cells, **self.other_cells}
        return {name: pl.DataFrame(schema={n: t for n, (t, _) in cells.items()}) for name, cells in every.items()}

    def sampled(self) -> dict[str, pl.DataFrame]:
        """The tables of ``samples``."""
        return {name: pl.DataFrame(rows, schema=self.empty()[name].schema) for name, rows in self.samples.items()}

    @SETTINGS
    @given(st.data())
    def test_every_chunking_gives_the_same_tables_and_tells_the_same(self, data: st.DataObject) -> None:
        frames = self.drawn(data)
        whole = words(*ran(self.step, {name: [frame] for name, frame in frames.items()}))
        assert words(*ran(self.step, {name: _cut(data, frame) for name, frame in frames.items()})) == whole

    @SETTINGS
    @given(st.data())
    def test_row_by_row_gives_the_same(self, data: st.DataObject) -> None:
        frames = self.drawn(data, 8)
        single = {name: [frame[at] for at in range(frame.height)] or [frame] for name, frame in frames.items()}
        whole = {name: [frame] for name, frame in frames.items()}
        assert words(*ran(self.step, single)) == words(*ran(self.step, whole))

    @SETTINGS
    @given(st.data())
    def test_the_schemas_it_promises_are_what_it_gives(self, data: st.DataObject) -> None:
        frames = self.drawn(data)
        promised = self.step.output(**_schemas(frames))
        assert tuple(promised) == self.step.ports
        made, _ = ran(self.step, {name: _cut(data, frame) for name, frame in frames.items()})
        if isinstance(made, dict):
            for port, frame in made.items():
                found = {name: type_name(dtype) for name, dtype in frame.schema.items()}
                assert found == {one.name: one.type for one in promised[port]}

    @SETTINGS
    @given(st.data())
    def test_hidden_columns_travel_with_the_rows_that_are_kept(self, data: st.DataObject) -> None:
        frames = self.drawn(data)
        table = frames["table"].with_row_index(HIDDEN)
        pieces = {name: [frame] for name, frame in frames.items()}
        plain, told = ran(self.step, pieces)
        made, again = ran(self.step, pieces | {"table": _cut(data, table)})
        assert words(_seen(made), again) == words(plain, told)
        for port, frame in made.items() if isinstance(made, dict) else ():
            if port in self.rowless or not frame.height:
                assert HIDDEN not in frame.columns or not frame.height
                continue
            before = table[frame[HIDDEN].to_list()]
            same = [name for name in frame.columns if name in table.columns and name not in self.changes]
            assert bits(frame.select(same)) == bits(before.select(same))

    @SETTINGS
    @given(st.data())
    def test_more_columns_and_another_order_of_them_change_nothing_else(self, data: st.DataObject) -> None:
        frames = self.drawn(data)
        pieces = {name: [frame] for name, frame in frames.items()}
        plain, told = ran(self.step, pieces)
        turned = frames["table"].select(reversed(frames["table"].columns)).with_columns(pl.lit(7).alias("and one more"))
        made, again = ran(self.step, pieces | {"table": [turned]})
        assert again == told
        if isinstance(made, dict) and isinstance(plain, dict):
            for port, frame in plain.items():
                assert bits(made[port].select(frame.columns)) == bits(frame)
        else:
            assert made == plain

    @SETTINGS
    @given(st.data())
    def test_the_input_is_left_as_it_was(self, data: st.DataObject) -> None:
        frames = self.drawn(data)
        before = {name: bits(frame) for name, frame in frames.items()}
        ran(self.step, {name: [frame] for name, frame in frames.items()})
        assert {name: bits(frame) for name, frame in frames.items()} == before

    def test_no_row_and_no_chunk_at_all_work(self) -> None:
        empty = self.empty()
        words(*ran(self.step, {name: [frame, frame] for name, frame in empty.items()}))
        words(*ran(self.step, {name: [] for name in empty}))

    @SETTINGS
    @given(st.data())
    def test_one_row_works(self, data: st.DataObject) -> None:
        words(*ran(self.step, {name: [frame[:1]] for name, frame in self.drawn(data).items()}))

    def test_missing_columns_are_named_before_any_row_is_read(self) -> None:
        schemas = _schemas(self.empty())
        for column in self.cells if self.needed is None else self.needed:
            kept = Schema(tuple(one for one in schemas["schema"] if one.name != column))
            with pytest.raises(ColumnMissing, match=f"{column!r}"):
                self.step.output(**(schemas | {"schema": kept}))

    def test_its_definition_comes_back_through_the_table(self) -> None:
        definition = json.loads(json.dumps(self.step.definition()))
        assert step_from(definition) == self.step
        assert STEPS[definition["step"]] is type(self.step)
        assert definition["version"] == self.step.version
        hash(self.step)

    def test_chunks_are_let_go_as_soon_as_they_are_read(self) -> None:
        if self.live is None:
            return
        alive: list[int] = []
        frames = self.sampled()
        given = [frames["table"][at % frames["table"].height].clone() for at in range(frames["table"].height)]
        tables: dict[str, Rows] = {"table": lambda: _watched(given, alive)}
        tables |= {name: (lambda frame=frame: iter([frame])) for name, frame in frames.items() if name != "table"}  # type: ignore[misc]
        for _ in self.step.over(tables, {}):
            pass
        assert alive
        assert max(alive) <= self.live

    def test_another_process_gives_the_same(self) -> None:
        frames = self.sampled()
        tables = {
            name: {
                "rows": frame.rows(),
                "names": frame.columns,
                "types": {column: type(dtype).__name__ for column, dtype in frame.schema.items()},
            }
            for name, frame in frames.items()
        }
        plain = {"step": self.step.definition(), "modules": [type(self.step).__module__], "tables": tables}
        here = words(*ran(self.step, {name: [frame] for name, frame in frames.items()}))
        other = _another_process()
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write(msgspec.json.encode(plain) + b"\n")
        other.stdin.flush()
        assert bytes.fromhex(other.stdout.readline().decode()) == here


def ran(step: TableStep, tables: Tables) -> tuple[dict[str, pl.DataFrame] | str, dict[str, Any]]:
    """The whole table of each port and what the step told; or the words of the error with which it refuses the rows."""
    given: dict[str, Rows] = {name: (lambda chunks=chunks: iter(chunks)) for name, chunks in tables.items()}  # type: ignore[misc]
    told: dict[str, Any] = {}
    pieces: dict[str, list[pl.DataFrame]] = {port: [] for port in step.ports}
    try:
        for made in step.over(given, told):
            for port, frame in made.items():
                pieces[port].append(frame)
    except InstarError as error:
        return f"{type(error).__name__}: {error}", {}
    json.dumps(told)  # the record keeps it
    if all(pieces.values()) or not all(tables.values()):
        return {port: pl.concat(frames) for port, frames in pieces.items() if frames}, told
    promised = step.output(**_schemas({name: chunks[0] for name, chunks in tables.items()}))
    nothing = {port: pl.DataFrame(schema=dtypes_of(schema)) for port, schema in promised.items()}
    return {port: pl.concat(frames) if frames else nothing[port] for port, frames in pieces.items()}, told


def words(made: dict[str, pl.DataFrame] | str, told: dict[str, Any]) -> bytes:
    """All of a result as bytes."""
    if isinstance(made, str):
        return made.encode()
    parts = [part for port, frame in made.items() for part in (port.encode(), bits(frame))]
    return b"\n".join([*parts, json.dumps(told).encode()])


def _cut(data: st.DataObject, frame: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of a table in chunks, of which some may be empty."""
    cuts = sorted(data.draw(st.lists(st.integers(0, frame.height), max_size=4)))
    return [frame[start:end] for start, end in pairwise([0, *cuts, frame.height])]


def _schemas(frames: Mapping[str, pl.DataFrame]) -> dict[str, Schema]:
    """The schemas of the tables, as ``output`` takes them: hidden columns are in none."""
    shown = {name: frame.select(pl.exclude("^__.*$")) for name, frame in frames.items()}
    return {"schema" if name == "table" else name: schema_of(frame) for name, frame in shown.items()}


def _seen(made: dict[str, pl.DataFrame] | str) -> dict[str, pl.DataFrame] | str:
    if isinstance(made, str):
        return made
    return {port: frame.drop(HIDDEN, strict=False) for port, frame in made.items()}


def _watched(chunks: list[pl.DataFrame], alive: list[int]) -> Iterator[pl.DataFrame]:
    """Copies of the chunks, one after another; ``alive`` gets how many of them somebody still holds."""
    held: list[weakref.ref[pl.DataFrame]] = []
    for chunk in chunks:
        copy = chunk.clone()
        held.append(weakref.ref(copy))
        alive.append(sum(one() is not None for one in held))
        yield copy
        del copy
