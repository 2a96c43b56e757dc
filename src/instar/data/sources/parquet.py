"""Parquet files: one, or several with the same columns. The types are in the files, so they are read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.base.logical import canonical_frame
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.errors import FileEmpty, SchemasDiffer
from instar.data.sources.rechunk import rechunk
from instar.data.sources.source import source


@source("parquet", suffixes=(".parquet", ".pq"), magic=(0, b"PAR1"))
class ParquetSource:
    """Parquet files with equal names and types, in the order of their names."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)

    def files(self) -> list[Path]:
        return list(self.paths)

    def describe(self) -> dict[str, Any]:
        return {"format": "parquet"}

    def schema(self) -> Schema:
        return self._checked[0]

    def rows(self) -> int:
        return self._checked[1]

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        names = list(self.schema().names)
        for path in self.paths:
            yield from rechunk(self._pieces(path, names, rows), rows)

    def _pieces(self, path: Path, names: list[str], rows: int) -> Iterator[pl.DataFrame]:
        try:
            for piece in pl.scan_parquet(path).select(names).collect_batches(chunk_size=rows, maintain_order=True):
                yield canonical_frame(piece)
        except pl.exceptions.PolarsError as error:
            raise _unreadable(path, error) from error

    @cached_property
    def _checked(self) -> tuple[Schema, int]:
        schemas, rows = [], 0
        for path in self.paths:
            if not path.stat().st_size:
                raise FileEmpty(path)
            try:
                schemas.append(schema_of(pl.read_parquet_schema(path)))
                rows += pl.scan_parquet(path).select(pl.len()).collect().item()
            except pl.exceptions.PolarsError as error:
                raise _unreadable(path, error) from error
            check_same(schemas[0], schemas[-1], str(path))
        check_names(schemas[0].names, str(self.paths[0]))
        return schemas[0], rows


def check_same(first: Schema, later: Schema, where: str) -> None:
    """Raises SchemasDiffer when ``later`` has other columns or types than ``first``; their order may differ."""
    for field in later:
        if field.name not in first:
            raise SchemasDiffer(where, f"they have no column {field.name!r}")
        if field.type != first[field.name].type:
            raise SchemasDiffer(where, f"column {field.name!r} is {field.type}, theirs {first[field.name].type}")
    if missing := [name for name in first.names if name not in later]:
        raise SchemasDiffer(where, f"it has no column {missing[0]!r}")


def _unreadable(path: Path, error: Exception) -> BadInput:
    why = str(error).strip().splitlines()[0]
    return BadInput(f"{path} cannot be read as Parquet: {why}; check that the file is whole, or give format=")
