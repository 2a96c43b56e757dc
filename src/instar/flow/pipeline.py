"""What lies between two barriers: row-wise steps fused into one pass over each chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.digests import digest_value
from instar.base.schema import Schema
from instar.flow.rowdigests import ROW, compared_columns, with_row
from instar.flow.step import Input, RowVerb, Step
from instar.flow.verbs.split import Split

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Stage:
    """A row-wise step in a pipeline, and the port through which the next one reads it."""

    step: Step
    port: str

    @property
    def verb(self) -> RowVerb:
        assert isinstance(self.step.verb, RowVerb)
        return self.step.verb

    @property
    def given(self) -> tuple[Input, ...]:
        """The inputs beside the table: a preparation to apply."""
        return self.step.inputs[1:]


@dataclass(frozen=True)
class Pipeline:
    """The way from the chunks of ``base`` to the rows somebody asks for.

    schema : of that table;  splits : whether the table lies below a split
    """

    base: Step
    base_port: str
    stages: tuple[Stage, ...]
    schema: Schema
    splits: bool

    @classmethod
    def to(cls, wanted: Input) -> Pipeline:
        """The pipeline that ends at the table ``wanted``: back to the last step whose rows are written."""
        stages: list[Stage] = []
        step, port = wanted.step, wanted.port
        while isinstance(step.verb, RowVerb):
            stages.append(Stage(step, port))
            step, port = step.inputs[0].step, step.inputs[0].port
        splits = any(isinstance(each.verb, Split) for each in wanted.step.lineage())
        return cls(step, port, tuple(reversed(stages)), wanted.schema, splits)

    def needs(self) -> list[Input]:
        """What the stages need beside the table."""
        return [each for stage in self.stages for each in stage.given]

    def fingerprint(self, given: Mapping[Step, str]) -> str | None:
        """What the stages do to a chunk. given : digests of the values they need"""
        parts: list[Any] = []
        for stage in self.stages:
            mine = stage.verb.fingerprint()
            if mine is None:
                return None
            parts.append([mine, stage.port, [given[each.step] for each in stage.given]])
        return digest_value(parts)

    def run(self, chunk: pl.DataFrame, given: Mapping[Step, Any], rows: bool = False) -> pl.DataFrame:
        """One chunk through all stages; neighbouring lazy stages are one query.

        rows : carry the digests of the rows as the hidden column ROW, where they can be known
        """
        query = (chunk if rows else chunk.drop(ROW, strict=False)).lazy()
        for stage in self.stages:
            if stage.verb.lazy:
                query = stage.verb.rows(query, stage.port)
                continue
            frame = query.collect()
            if rows and isinstance(stage.verb, Split):
                frame = stage.verb.with_rows(frame)
            values = {each.name: given[each.step] for each in stage.given}
            query = stage.verb.frame(frame, stage.port, values).lazy()
        frame = query.collect()
        if rows and not self.splits:
            frame = with_row(frame, compared_columns(self.schema))
        return frame


def take_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, Words | None]:
    """The frame without its hidden column, and the digests of its rows, None when they got lost on the way."""
    if ROW not in frame.columns:
        return frame, None
    return frame.drop(ROW), frame[ROW].to_numpy()
