"""Whether a value is missing."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Col, ExpressionOperator, Known, operator, with_fields
from instar.data.operators.types import plain
from instar.data.summaries import Counts, Of


class Seen(msgspec.Struct, frozen=True):
    """rows, missing : seen in training"""

    rows: int
    missing: int


class Gaps(msgspec.Struct, frozen=True):
    columns: dict[str, Seen]


@operator("missing", state=Gaps)
@dataclass(frozen=True, init=False)
class Missing(ExpressionOperator[Gaps]):
    """Add ``<name>_missing``: whether the value is missing (null, or NaN). The column itself stays as it is.

    Put it before the operator that fills the column. A constant or an empty column is treated like any other.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Rated": ["R", None]})
    >>> fit([Missing("Rated")], [films]).apply(films).frame["Rated_missing"].to_list()
    [False, True]
    """

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        self._set(columns)

    def writes(self) -> tuple[str, ...]:
        return tuple(f"{name}_missing" for name in self.columns)

    def output(self, schema: Schema, state: Gaps | None = None) -> Schema:
        for name, flag in zip(self.columns, self.writes()):
            plain(schema, name, "Missing")
            if flag in schema:
                raise BadInput(f"Missing: the input has a column {flag!r} already; rename it")
        return with_fields(schema, *(Field(flag, "bool", role="feature") for flag in self.writes()))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass: how many are missing, which is only told."""
        return gaps_wanted(self.columns, known)

    def fit(self, summaries: Known) -> Gaps:
        return gaps(self.columns, summaries)

    def expressions(self, state: Gaps, col: Col = pl.col) -> dict[str, pl.Expr]:
        return {f"{name}_missing": col(name).is_null() for name in self.columns}

    def explain(self, state: Gaps) -> str:
        return "\n".join(
            f"{name}: {name}_missing says where it is missing ({seen.missing} of {seen.rows} were)"
            for name, seen in state.columns.items()
        )


def gaps_wanted(columns: tuple[str, ...], known: Known) -> dict[Hashable, Of]:
    return {("rows", name): Of(Counts, name) for name in columns if ("rows", name) not in known}


def gaps(columns: tuple[str, ...], summaries: Known) -> Gaps:
    """How many values of each column were missing."""
    found = {}
    for name in columns:
        counts = summaries["rows", name]
        assert isinstance(counts, Counts)
        found[name] = Seen(counts.rows, counts.nulls)
    return Gaps(found)
