"""What every source promises. A subclass gives the ``source`` fixture: one that reads ROWS (five rows, COLUMNS)."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pytest

from instar.base.digests import canonical_json
from instar.base.logical import logical_digest
from instar.base.schema import Schema
from instar.data.rows.frames import dtypes_of, schema_of
from instar.data.sources.source import Source

COLUMNS = {"year": "int64", "score": "float64", "title": "string"}
ROWS: list[dict[str, Any]] = [
    {"year": 1999, "score": 7.5, "title": "Notting Hill"},
    {"year": None, "score": 8.0, "title": 'Amélie, or "the" fate'},
    {"year": 1954, "score": None, "title": None},
    {"year": -1, "score": 0.1, "title": "two\nlines"},
    {"year": 2024, "score": 1e300, "title": "007"},
]


def rows_of(source: Source, size: int) -> list[dict[str, Any]]:
    return [row for chunk in source.chunks(size) for row in chunk.to_dicts()]


class SourceContract:
    """Equal rows, types and digests, whatever holds them. expected, columns : where a format cannot hold ROWS"""

    expected: ClassVar[list[dict[str, Any]]] = ROWS
    columns: ClassVar[dict[str, str]] = COLUMNS

    def test_the_schema_is_that_of_the_whole_table(self, source: Source) -> None:
        schema = source.schema()
        assert {field.name: field.type for field in schema} == self.columns
        assert isinstance(schema, Schema)

    @pytest.mark.parametrize("size", [1, 2, 3, 100])
    def test_the_rows_come_in_order_whatever_the_size_of_the_pieces(self, source: Source, size: int) -> None:
        assert rows_of(source, size) == self.expected

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_every_piece_is_full_but_the_last_and_none_is_empty(self, source: Source, size: int) -> None:
        sizes = [piece.height for piece in source.chunks(size)]
        assert sizes[:-1] == [size] * (len(sizes) - 1)
        assert 0 < sizes[-1] <= size

    def test_every_piece_has_the_types_of_the_schema(self, source: Source) -> None:
        for piece in source.chunks(1):
            assert schema_of(piece) == source.schema()

    def test_reading_twice_gives_the_same(self, source: Source) -> None:
        assert rows_of(source, 2) == rows_of(source, 2)

    def test_the_number_of_rows_is_known(self, source: Source) -> None:
        assert source.rows() == len(self.expected)

    def test_the_files_exist(self, source: Source) -> None:
        assert all(path.is_file() for path in source.files())

    def test_the_description_is_plain_and_names_the_format(self, source: Source) -> None:
        assert b'"format":' in canonical_json(source.describe())

    def test_the_content_is_the_same_from_every_source(self, source: Source) -> None:
        whole = pl.concat(source.chunks(2))
        assert logical_digest(whole) == logical_digest(pl.DataFrame(self.expected, schema=dtypes_of(source.schema())))
