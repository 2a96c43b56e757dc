"""What every summary promises. A plug-in's test gives the summary and the columns it reads, and inherits the laws."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instar.base.merge import fold
from instar.data.summaries import SUMMARIES, Of, Summary

Cells = dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]]
# One inherited test runs for many subclasses; without a database, no example of one is replayed for another.
SETTINGS = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.differing_executors]
)


def frames_of(cells: Cells, rows: int = 20) -> st.SearchStrategy[pl.DataFrame]:
    """Tables with these columns, each cell from its strategy or missing."""
    row = st.tuples(*(st.none() | values for _, values in cells.values()))
    types = {name: dtype for name, (dtype, _) in cells.items()}
    return st.lists(row, max_size=rows).map(lambda found: pl.DataFrame(found, schema=types, orient="row"))


@st.composite
def chunkings(draw: st.DrawFn, cells: Cells, rows: int = 20) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """A table, and the same rows cut into chunks, of which some may be empty."""
    frame = draw(frames_of(cells, rows))
    cuts = sorted(draw(st.lists(st.integers(0, frame.height), max_size=4)))
    ends = [0, *cuts, frame.height]
    return frame, [frame[start:end] for start, end in pairwise(ends)]


class SummaryContract:
    """Subclass it; name ``wish`` and ``cells``, and override ``agrees`` where a merge is not exact."""

    wish: ClassVar[Of]
    cells: ClassVar[Cells]
    largest: ClassVar[int] = 20

    def agrees(self, one: Summary, other: Summary, frame: pl.DataFrame) -> bool:
        """Whether both say the same of the rows of ``frame``, within what the summary guarantees."""
        return one == other and one.to_bytes() == other.to_bytes()

    def parts(self, data: st.DataObject) -> tuple[pl.DataFrame, list[Any]]:
        frame, chunks = data.draw(chunkings(self.cells, self.largest))
        return frame, [self.wish.of(chunk) for chunk in chunks]

    @SETTINGS
    @given(st.data())
    def test_merging_parts_is_one_pass_over_all_rows(self, data: st.DataObject) -> None:
        frame, parts = self.parts(data)
        assert self.agrees(fold(parts), self.wish.of(frame), frame)

    @SETTINGS
    @given(st.data())
    def test_brackets_do_not_matter(self, data: st.DataObject) -> None:
        frames = [data.draw(frames_of(self.cells, self.largest)) for _ in range(3)]
        one, two, three = (self.wish.of(frame) for frame in frames)
        assert self.agrees((one | two) | three, one | (two | three), pl.concat(frames))

    @SETTINGS
    @given(st.data())
    def test_a_part_without_rows_changes_nothing(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells, self.largest))
        nothing, seen = self.wish.of(frame.clear()), self.wish.of(frame)
        assert (nothing | seen).to_bytes() == seen.to_bytes() == (seen | nothing).to_bytes()

    @SETTINGS
    @given(st.data())
    def test_it_comes_back_from_its_bytes(self, data: st.DataObject) -> None:
        frame, parts = self.parts(data)
        for found in [*parts, self.wish.of(frame)]:
            again = self.wish.from_bytes(found.to_bytes())
            assert again == found
            assert again.to_bytes() == found.to_bytes()

    @SETTINGS
    @given(st.data())
    def test_merging_leaves_its_parts_as_they_were(self, data: st.DataObject) -> None:
        _, parts = self.parts(data)
        before = [part.to_bytes() for part in parts]
        fold(parts)
        assert [part.to_bytes() for part in parts] == before

    @SETTINGS
    @given(st.data())
    def test_the_same_rows_give_the_same_bytes(self, data: st.DataObject) -> None:
        frame = data.draw(frames_of(self.cells, self.largest))
        rebuilt = pl.DataFrame(frame.to_dict(as_series=False), schema=frame.schema)
        assert self.wish.of(rebuilt).to_bytes() == self.wish.of(frame).to_bytes()

    def test_a_wholly_missing_column_can_be_summarised(self) -> None:
        empty = pl.DataFrame(
            {name: [None, None] for name in self.cells}, schema={n: t for n, (t, _) in self.cells.items()}
        )
        found: Any = self.wish.of(empty)
        assert self.wish.from_bytes((found | found).to_bytes()) == found | found

    def test_it_is_in_the_table_and_states_its_guarantee(self) -> None:
        assert SUMMARIES[self.wish.summary.name] is self.wish.summary
        assert self.wish.summary.guarantee


def values_of(frame: pl.DataFrame, column: str) -> Sequence[Any]:
    """The values that are there."""
    return frame.get_column(column).drop_nulls().to_list()
