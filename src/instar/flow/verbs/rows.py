"""Row-wise verbs: filter, select, with_columns, map, apply. They fuse into the pass of whoever needs their rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from instar.base.digests import digest_value
from instar.data.rows.rowwise import calls_python
from instar.flow.fingerprint import fingerprint
from instar.flow.rowdigests import ROW
from instar.flow.step import RowVerb


def texts(expressions: tuple[pl.Expr, ...]) -> list[str]:
    return [str(expression) for expression in expressions]


class _Expressions(RowVerb):
    """A verb that is Polars expressions."""

    expressions: tuple[pl.Expr, ...]

    def parameters(self) -> dict[str, Any]:
        return {"expressions": texts(self.expressions)}

    def fingerprint(self) -> str | None:
        mine = fingerprint(list(self.expressions))
        return None if mine is None else digest_value([self.name, mine])

    @property
    def calls_python(self) -> bool:
        return any(calls_python(expression) for expression in self.expressions)


@dataclass(frozen=True)
class Filter(_Expressions):
    """Keep the rows for which all expressions hold."""

    expressions: tuple[pl.Expr, ...]
    name: ClassVar[str] = "filter"

    def rows(self, frame: pl.LazyFrame, port: str) -> pl.LazyFrame:
        return frame.filter(*self.expressions)


@dataclass(frozen=True)
class Select(_Expressions):
    """Only these columns. A row keeps its digest."""

    expressions: tuple[pl.Expr, ...]
    name: ClassVar[str] = "select"

    def rows(self, frame: pl.LazyFrame, port: str) -> pl.LazyFrame:
        return frame.select(*self.expressions, pl.col(f"^{ROW}$"))


@dataclass(frozen=True)
class WithColumns(_Expressions):
    """Add or replace columns."""

    expressions: tuple[pl.Expr, ...]
    name: ClassVar[str] = "with_columns"

    def rows(self, frame: pl.LazyFrame, port: str) -> pl.LazyFrame:
        return frame.with_columns(*self.expressions)


@dataclass(frozen=True)
class Map(RowVerb):
    """A Python function from a chunk to a chunk. It must treat each row by itself."""

    function: Callable[[pl.DataFrame], pl.DataFrame]
    version: str = ""
    name: ClassVar[str] = "map"
    lazy: ClassVar[bool] = False

    def parameters(self) -> dict[str, Any]:
        name = getattr(self.function, "__qualname__", str(self.function))
        return {"function": name} | ({"version": self.version} if self.version else {})

    def fingerprint(self) -> str | None:
        mine = self.version or fingerprint(self.function)
        return None if mine is None else digest_value([self.name, self.parameters()["function"], mine])

    @property
    def calls_python(self) -> bool:
        return True

    def frame(self, frame: pl.DataFrame, port: str, given: dict[str, Any]) -> pl.DataFrame:
        """A function that changes the number of rows loses their digests: which row is which cannot be known."""
        result = self.function(frame.drop(ROW, strict=False))
        if ROW in frame.columns and result.height == frame.height:
            return result.with_columns(frame[ROW])
        return result


@dataclass(frozen=True)
class Apply(RowVerb):
    """A fitted preparation as columns of the table: a block becomes one array column."""

    name: ClassVar[str] = "apply"
    lazy: ClassVar[bool] = False

    def frame(self, frame: pl.DataFrame, port: str, given: dict[str, Any]) -> pl.DataFrame:
        prepared: pl.DataFrame = given["preparation"].apply(frame).to_polars()
        return prepared
