"""A table without some of its columns, with the reason on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.profile.profiled import ProfileFigures
from instar.data.steps import options
from instar.data.steps.options import Names, names
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step


@table_step("drop_columns")
@dataclass(frozen=True, init=False)
class DropColumns(TableStep):
    """The table without ``columns``. ``DropColumns.planned(profile, missing=0.5)`` names those that are mostly missing.

    The columns of a table are known before a dataflow runs, so that a wrong name is an error at its line. Which ones are
    too empty is decided from the profile of a dataset version, before the run, and stays decided when other rows come: a
    model whose columns came and went with the data could not be served. What the decision would be on the rows that
    came is told: ``missing`` (share, by dropped column) and ``fuller`` (columns that now lie within the limit).

    missing : the limit from which the columns were planned, None when they were named by hand

    >>> import polars as pl
    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"Title": ["a", "b"], "Awards": [None, "x"]})
    >>> take(DropColumns("Awards"), films)["out"].columns
    ['Title']
    """

    columns: tuple[str, ...]
    missing: float | None
    across_rows = False

    def __init__(self, columns: Names, missing: float | None = None) -> None:
        limit = None if missing is None else options.share(missing, "DropColumns", "missing")
        self._keep(columns=names(columns), missing=limit)

    @classmethod
    def planned(cls, profile: ProfileFigures, missing: float = 0.5) -> DropColumns:
        """Drops the columns of which a greater share than ``missing`` has no value, in the rows that were profiled."""
        limit = options.share(missing, "DropColumns", "missing")
        return cls([one.name for one in profile.columns if one.rows and one.missing / one.rows > limit], limit)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        schema.select(self.columns, "DropColumns")
        kept = tuple(field for field in schema if field.name not in self.columns)
        if not kept:
            raise BadInput("DropColumns: no column would be left; keep at least one")
        return {"out": Schema(kept)}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"missing": dict.fromkeys(self.columns, 0.0), "fuller": []}
        rows, missing = 0, dict.fromkeys(self.columns, 0)
        for frame in tables["table"]():
            rows += frame.height
            for name in self.columns:
                missing[name] += frame[name].null_count()
            yield {"out": frame.drop(self.columns)}
        if rows:
            told["missing"] = {name: count / rows for name, count in missing.items()}
            limit = -1.0 if self.missing is None else self.missing
            told["fuller"] = [name for name, share in told["missing"].items() if share <= limit]
