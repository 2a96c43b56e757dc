"""A data frame in memory, or frames that come one after another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.rows.frames import schema_of, to_polars
from instar.data.sources.parquet import check_same
from instar.data.sources.rechunk import rechunk


class FrameSource:
    """Any data frame, mapping of columns, list of rows or numpy array: what ``to_polars`` takes."""

    def __init__(self, frame: Any) -> None:
        self.kind = type(frame).__module__.partition(".")[0]
        self.frame = to_polars(frame)

    def files(self) -> list[Path]:
        return []

    def describe(self) -> dict[str, Any]:
        return {"format": "frame", "library": self.kind}

    def schema(self) -> Schema:
        return schema_of(self.frame)

    def rows(self) -> int:
        return self.frame.height

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        yield from rechunk([self.frame], rows)


class FramesSource:
    """An iterator of frames with equal columns, which can be read once: for what does not fit in memory."""

    def __init__(self, frames: Iterator[Any]) -> None:
        first = next(frames, None)
        if first is None:
            raise BadInput(
                "the iterator gives no frame; it must give at least one, since the columns are known from it"
            )
        self.first = to_polars(first)
        self.rest = frames

    def files(self) -> list[Path]:
        return []

    def describe(self) -> dict[str, Any]:
        return {"format": "frames"}

    def schema(self) -> Schema:
        return schema_of(self.first)

    def rows(self) -> None:
        return None

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        yield from rechunk(chain([self.first], self._checked()), rows)

    def _checked(self) -> Iterator[pl.DataFrame]:
        schema = self.schema()
        for number, frame in enumerate(self.rest, 2):
            piece = to_polars(frame)
            check_same(schema, schema_of(piece), f"frame {number}")
            yield piece.select(schema.names)
