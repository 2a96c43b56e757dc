"""Rows without those whose outlier score is too great."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.types import number
from instar.data.steps import options
from instar.data.steps.drawing import Greatest, Places, numbered
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step


@table_step("drop_outliers")
@dataclass(frozen=True, init=False)
class DropOutliers(TableStep):
    """Two tables: ``out`` without the rows whose ``score`` is too great, and ``dropped`` with these and the ``reason``.

    score : a column of numbers, as the operators for outliers write it
    above : rows with a greater score are dropped;  share : this share of the rows that have a score is dropped (rounded
    down), those with the greatest; of equal ones the earlier
    A row without a score (null or NaN) stays, and is counted. With ``above`` a row is judged by itself, so it may lie
    above a split; with ``share`` its fate depends on the others, so the leak check asks what it read.
    Memory: with ``share``, 24 bytes a dropped row; the table is read three times.
    told : ``read``, ``dropped``, ``without_score`` (rows), ``greatest_kept`` (finite score, null when there is none)

    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"Title": ["a", "b", "c"], "score": [0.5, 9.0, None]})
    >>> take(DropOutliers("score", above=3.0), films)["dropped"].rows()
    [('b', 9.0, 'score 9 is above 3')]
    """

    score: str
    above: float | None
    share: float | None
    ports = ("out", "dropped")

    def __init__(self, score: str, above: float | None = None, share: float | None = None) -> None:
        if (above is None) == (share is None):
            raise BadInput("DropOutliers: give above=… (a score) or share=… (of the rows), one of them")
        self._keep(
            score=score,
            above=None if above is None else options.number(above, "DropOutliers", "above"),
            share=None if share is None else options.share(share, "DropOutliers"),
        )

    @property
    def across_rows(self) -> bool:  # type: ignore[override]
        """Whether the fate of a row depends on the others."""
        return self.share is not None

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        number(schema, self.score, "DropOutliers")
        reason = Field("reason", "string")
        return {"out": schema, "dropped": options.new_columns(schema, [reason], "DropOutliers")}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"read": 0, "dropped": 0, "without_score": 0, "greatest_kept": None}
        greatest = None if self.share is None else self._greatest(tables["table"])
        for start, frame in numbered(tables["table"]):
            scores = self._scores(frame)
            if greatest is None:
                gone = (scores > self.above).fill_null(False)
            else:
                first, end = np.searchsorted(greatest, [start, start + frame.height])
                gone = pl.Series(np.isin(np.arange(start, start + frame.height), greatest[first:end]))
            self._tell(told, scores, gone)
            yield {"out": frame.filter(~gone), "dropped": self._dropped(frame, gone)}

    def _scores(self, frame: pl.DataFrame) -> pl.Series:
        return frame[self.score].cast(pl.Float64).fill_nan(None)

    def _greatest(self, rows: Rows) -> Places:
        assert self.share is not None
        quota = int(self.share * sum(self._scores(frame).count() for frame in rows()))
        greatest = Greatest()
        for start, frame in numbered(rows):
            greatest.add(start, self._scores(frame), quota)
        return greatest.places

    def _tell(self, told: Told, scores: pl.Series, gone: pl.Series) -> None:
        told["read"] += len(scores)
        told["dropped"] += int(gone.sum())
        told["without_score"] += scores.null_count()
        kept = scores.filter(~gone & scores.is_finite().fill_null(False)).to_list()
        known = told["greatest_kept"]
        told["greatest_kept"] = max(kept if known is None else [known, *kept], default=None)

    def _dropped(self, frame: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
        rows = frame.filter(gone)
        limit = f"is above {self.above:.6g}" if self.above is not None else f"is among the greatest {self.share:.6g}"
        reasons = [f"{self.score} {score:.6g} {limit}" for score in self._scores(rows)]
        return rows.with_columns(pl.Series("reason", reasons, dtype=pl.String))
