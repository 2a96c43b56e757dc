"""What every operator promises. A plug-in's test gives the operator and the columns it reads, and inherits the laws."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, ClassVar

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from tests.contracts.summaries import SETTINGS as COMMON
from tests.contracts.summaries import Cells, chunkings, frames_of

from instar.base.errors import ColumnMissing
from instar.base.schema import Schema
from instar.base.types import type_name
from instar.data.operators import OPERATORS, AnyOperator, operator_from
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation
from instar.data.rows.frames import schema_of

SETTINGS = settings(COMMON, max_examples=12)
_FIT_AGAIN = """
import json, sys
import polars as pl
from instar.base.types import dtype_of
from instar.data.preparing.fitting import fit
from instar.data.operators import operator_from

given = json.loads(sys.stdin.read())
for module in given["modules"]:
    __import__(module)
types = {name: dtype_of(kind) for name, kind in given["types"].items()}
frame = pl.DataFrame(given["rows"], schema=types, orient="row")
sys.stdout.buffer.write(fit([operator_from(given["operator"])], [frame[:3], frame[3:]], given["target"]).to_bytes())
"""


class OperatorContract:
    """Subclass it; override ``agrees`` where another chunking may give other bytes.

    cells : the columns it reads, with their types and a strategy of values;  sample : some six rows of them, by column
    unseen : one row of values that no strategy gives;  target : for one that learns from a target, which ``targeted`` adds
    many : rows of the check in bulk, fewer where a row is dear
    """

    operator: ClassVar[AnyOperator]
    cells: ClassVar[Cells]
    sample: ClassVar[dict[str, list[Any]]]
    unseen: ClassVar[dict[str, Any]]
    target: ClassVar[str | None] = None
    many: ClassVar[int] = 307

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        """Whether both learned the same from the rows of ``frame``, within what the summaries guarantee."""
        return one.to_bytes() == other.to_bytes()

    @property
    def types(self) -> dict[str, pl.DataType]:
        return {name: dtype for name, (dtype, _) in self.cells.items()}

    def fitted(self, *frames: pl.DataFrame) -> Preparation:
        return fit([self.operator], [self.targeted(frame) for frame in frames], self.target)

    def targeted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the column ``target``, made from their other values."""
        return frame

    @SETTINGS
    @given(st.data())
    def test_it_learns_the_same_from_one_chunk_and_from_any_chunking(self, data: st.DataObject) -> None:
        frame, chunks = data.draw(chunkings(self.cells))
        assert self.agrees(self.fitted(frame), self.fitted(*chunks), frame)

    @SETTINGS
    @given(st.data())
    def test_the_same_chunks_give_the_same_bytes(self, data: st.DataObject) -> None:
        _, chunks = data.draw(chunkings(self.cells))
        assert self.fitted(*chunks).to_bytes() == self.fitted(*chunks).to_bytes()

    @SETTINGS
    @given(st.data())
    def test_row_by_row_is_in_bulk_bit_for_bit(self, data: st.DataObject) -> None:
        seen, rows = data.draw(frames_of(self.cells)), data.draw(frames_of(self.cells, 6))
        assume(rows.height)
        preparation = self.fitted(seen)
        bulk = preparation.apply(rows).to_polars()
        one_by_one = pl.concat([preparation.apply(rows[at]).to_polars() for at in range(rows.height)])
        assert bits(one_by_one) == bits(bulk)

    @settings(SETTINGS, max_examples=6)
    @given(st.data())
    def test_some_hundred_rows_are_each_what_they_are_alone(self, data: st.DataObject) -> None:
        """Polars and BLAS take other ways for many rows, and for columns without missing values."""
        rows = data.draw(frames_of(self.cells, 6))
        whole = rows.drop_nulls()
        preparation = self.fitted(rows)
        for few in (rows, whole):
            if few.height:
                many = few.sample(self.many, with_replacement=True, seed=7)
                places = pl.int_range(few.height, eager=True).sample(self.many, with_replacement=True, seed=7)
                alone = [bits(preparation.apply(few[at]).to_polars()) for at in range(few.height)]
                bulk = preparation.apply(many).to_polars()
                assert [bits(bulk[at]) for at in range(many.height)] == [alone[at] for at in places]

    @SETTINGS
    @given(st.data())
    def test_a_matrix_row_by_row_is_the_matrix_in_bulk(self, data: st.DataObject) -> None:
        seen, rows = data.draw(frames_of(self.cells)), data.draw(frames_of(self.cells, 6))
        assume(rows.height)
        preparation = self.fitted(seen)
        if not all(one.is_number or one.type.startswith("array[") for one in preparation.output):
            return  # text and times have no place in a matrix
        bulk = dense(preparation.matrix(rows))
        one_by_one = np.vstack([dense(preparation.matrix(rows[at])) for at in range(rows.height)])
        assert one_by_one.tobytes() == bulk.tobytes()
        assert bulk.shape == (rows.height, len(preparation.feature_names()))

    @SETTINGS
    @given(st.data())
    def test_the_input_is_left_as_it_was(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells))
        before = bits(frame)
        self.fitted(frame).apply(frame).to_polars()
        assert bits(frame) == before

    @SETTINGS
    @given(st.data())
    def test_what_it_learned_comes_back_from_bytes_and_works_the_same(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells))
        preparation = self.fitted(frame)
        again = Preparation.from_bytes(preparation.to_bytes())
        assert again.to_bytes() == preparation.to_bytes()
        assert again.states == preparation.states
        assert bits(again.apply(frame).to_polars()) == bits(preparation.apply(frame).to_polars())

    @SETTINGS
    @given(st.data())
    def test_the_schema_it_promises_is_what_it_gives(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells))
        preparation = self.fitted(frame)
        given_types = {name: type_name(dtype) for name, dtype in preparation.apply(frame).to_polars().schema.items()}
        assert {one.name: one.type for one in preparation.output} == given_types
        before = self.operator.output(schema_of(frame))
        assert [one.name for one in before] == list(given_types)
        for promised in before:
            kind, known = given_types[promised.name], promised.type.partition("?")[0]
            assert kind == promised.type or (promised.type.endswith("?]") and kind.startswith(known))

    @SETTINGS
    @given(st.data())
    def test_columns_it_does_not_name_stay_as_they_are(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells)).with_row_index("row number")
        preparation = self.fitted(frame)
        assert preparation.features == self.operator.columns
        assert preparation.apply(frame).to_polars()["row number"].to_list() == list(range(frame.height))

    def test_a_wholly_empty_column_works(self) -> None:
        empty = pl.DataFrame({name: [None] * 3 for name in self.cells}, schema=self.types)
        preparation = self.fitted(empty)
        assert preparation.apply(empty).height == 3
        assert Preparation.from_bytes(preparation.to_bytes()) == preparation
        untyped = pl.DataFrame({name: [None] for name in self.cells})
        assert bits(preparation.apply(untyped).to_polars()) == bits(preparation.apply(empty[:1]).to_polars())
        assert preparation.explain()

    @SETTINGS
    @given(st.data())
    def test_a_constant_column_works(self, data: st.DataObject) -> None:
        row = [data.draw(values) for _, values in self.cells.values()]
        constant = pl.DataFrame([row] * 4, schema=self.types, orient="row")
        batch = self.fitted(constant[:1], constant[1:]).apply(constant).to_polars()
        assert len({bits(batch[at]) for at in range(4)}) == 1

    @SETTINGS
    @given(st.data())
    def test_unseen_values_work(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells))
        row = pl.DataFrame([list(self.unseen.values())], schema={n: self.types[n] for n in self.unseen}, orient="row")
        assert self.fitted(frame).apply(row).to_polars().height == 1

    def test_no_row_at_all_works(self) -> None:
        nothing = pl.DataFrame(schema=self.types)
        assert self.fitted(nothing).apply(nothing).to_polars().height == 0

    @SETTINGS
    @given(st.data())
    def test_it_says_in_words_what_it_learned_about_each_column(self, data: st.DataObject) -> None:
        words = self.fitted(data.draw(frames_of(self.cells))).explain()
        assert all(column in words for column in self.operator.columns)

    def test_its_definition_comes_back_through_the_table(self) -> None:
        definition = json.loads(json.dumps(self.operator.definition()))
        assert operator_from(definition) == self.operator
        assert OPERATORS[definition["operator"]] is type(self.operator)
        assert definition["version"] == self.operator.version

    def test_a_missing_column_is_named_before_any_row_is_read(self) -> None:
        kept = [one for one in schema_of(pl.DataFrame(schema=self.types)) if one.name != self.operator.columns[0]]
        with pytest.raises(ColumnMissing, match=f"{type(self.operator).__name__}.*{self.operator.columns[0]!r}"):
            self.operator.output(Schema(tuple(kept)))

    def test_another_process_learns_the_same_bytes(self) -> None:
        frame = pl.DataFrame(self.sample, schema=self.types)
        plain = {
            "operator": self.operator.definition(),
            "modules": [type(self.operator).__module__],
            "rows": self.targeted(frame).rows(),
            "types": {name: type_name(dtype) for name, dtype in self.targeted(frame).schema.items()},
            "target": self.target,
        }
        here = self.fitted(frame[:3], frame[3:]).to_bytes()
        done = subprocess.run([sys.executable, "-c", _FIT_AGAIN], input=msgspec.json.encode(plain), capture_output=True)
        assert done.stdout == here, done.stderr.decode()


def bits(frame: pl.DataFrame) -> bytes:
    """The frame's names, types and values; unlike equality, it tells -0.0 from 0.0."""
    return frame.serialize() if not frame.width else repr(frame.schema).encode() + repr(frame.rows()).encode()


def dense(matrix: Any) -> np.ndarray[Any, Any]:
    """The matrix as an array in memory order."""
    return np.ascontiguousarray(matrix.toarray() if isinstance(matrix, csr_matrix) else matrix)
