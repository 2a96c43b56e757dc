"""What a summary is: a mergeable statement about the rows of some columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, ClassVar, Self, TypeVar

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, ColumnMissing, Conflict, WrongType
from instar.base.tables import Table

_packer = msgspec.msgpack.Encoder(order="deterministic")


class Summary(ABC):
    """A statement about rows that adds: ``of(chunk) | of(chunk)`` says what ``of(both chunks)`` says.

    guarantee : in words, how near a merge comes to one pass over all rows, and whether the order of merging matters.
    A missing value is a null or, in a column of floats, a NaN.
    """

    name: ClassVar[str]
    layout: ClassVar[int] = 1
    guarantee: ClassVar[str]

    @classmethod
    @abstractmethod
    def of(cls, frame: pl.DataFrame, *columns: Any, **options: Any) -> Self:
        """Summarise ``columns`` of ``frame``."""

    @abstractmethod
    def __or__(self, other: Self) -> Self: ...

    @abstractmethod
    def _plain(self) -> Any:
        """What the summary holds, as plain values in one order."""

    @classmethod
    @abstractmethod
    def _of_plain(cls, plain: Any) -> Self: ...

    def to_bytes(self) -> bytes:
        """Stable bytes: the version of the layout, then MessagePack."""
        return bytes([self.layout]) + _packer.encode(self._plain())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises BadInput when the bytes are of a layout that this version does not know."""
        if not data or data[0] != cls.layout:
            found = f"layout {data[0]}" if data else "empty"
            raise BadInput(f"summary {cls.name}: bytes are {found}, layout {cls.layout} is read here; take it again")
        return cls._of_plain(msgspec.msgpack.decode(data[1:]))


class Measured(Summary):
    """A summary of one column of numbers that Polars measures: those of many columns are taken in one call.

    A part is always measured in one piece of memory, so that its sums do not depend on how the column was packed.
    """

    @classmethod
    @abstractmethod
    def measures(cls, column: pl.Expr) -> tuple[pl.Expr, ...]:
        """What is measured of a column of float64."""

    @classmethod
    @cache
    def asked(cls) -> int:
        """How many measures there are."""
        return len(cls.measures(pl.col("")))

    @classmethod
    @abstractmethod
    def of_measures(cls, dtype: pl.DataType, rows: int, measured: Sequence[Any]) -> Self | None:
        """The summary of a column of ``rows`` rows; None when there are values that it leaves out (NaN, infinite)."""

    @classmethod
    @abstractmethod
    def of_values(cls, frame: pl.DataFrame, name: str) -> Self:
        """The summary, values that it leaves out left out first."""

    @classmethod
    def of(cls, frame: pl.DataFrame, *columns: str) -> Self:
        [name] = columns
        column_of(frame, name, cls.name)
        return cls.of_each(frame, [name])[0]

    @classmethod
    def of_each(cls, frame: pl.DataFrame, names: Sequence[str]) -> list[Self]:
        """Of each of these columns, in one call."""
        [found] = measured(frame, [(cls, names)])
        return found  # type: ignore[return-value]


def measured(frame: pl.DataFrame, wishes: Sequence[tuple[type[Measured], Sequence[str]]]) -> list[list[Measured]]:
    """The summaries of several kinds and columns in one call."""
    types = dict(frame.schema)  # once: asking a frame for its schema costs as much as measuring some thousand rows
    names = [name for name in dict.fromkeys(name for _, each in wishes for name in each) if name in types]
    names = [name for name in names if _measurable(types[name]) and frame.height]
    places = {name: str(at) for at, name in enumerate(names)}
    plain = pl.DataFrame([frame.get_column(name).rechunk().alias(places[name]) for name in names])
    asked = _measures(tuple((kind, tuple(places[name] for name in each if name in places)) for kind, each in wishes))
    values = iter(plain.select_seq(asked).row(0) if asked else ())
    return [
        [_taken(kind, frame, name, types[name] if name in places else None, values) for name in each]
        for kind, each in wishes
    ]


@lru_cache(maxsize=64)
def _measures(wishes: tuple[tuple[type[Measured], tuple[str, ...]], ...]) -> tuple[pl.Expr, ...]:
    """What is measured, chunk after chunk the same."""
    return tuple(
        measure.alias(f"{at} {place} {number}")
        for at, (kind, places) in enumerate(wishes)
        for place in places
        for number, measure in enumerate(kind.measures(pl.col(place).cast(pl.Float64)))
    )


def _taken(
    kind: type[Measured], frame: pl.DataFrame, name: str, dtype: pl.DataType | None, values: Iterator[Any]
) -> Measured:
    """The summary of one column by what was measured, which is as much as ``kind`` measures; else by its values."""
    found = None if dtype is None else kind.of_measures(dtype, frame.height, list(islice(values, kind.asked())))
    return kind.of_values(frame, name) if found is None else found


def _measurable(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() and not dtype.is_decimal()


SUMMARIES: Table[type[Summary]] = Table("summary", "instar.summaries")
S = TypeVar("S", bound=type[Summary])


def summary(name: str) -> Callable[[S], S]:
    """Enter a summary in the table under ``name``."""

    def enter(cls: S) -> S:
        cls.name = name
        SUMMARIES.add(name, cls)
        return cls

    return enter


@dataclass(frozen=True, init=False)
class Of:
    """A wish: this summary of these columns, with these options. Equal wishes are one wish.

    >>> from instar.data.summaries import Moments
    >>> Of(Moments, "Year").definition()
    {'summary': 'moments', 'layout': 1, 'columns': ['Year'], 'options': {}}
    """

    summary: type[Summary]
    columns: tuple[str, ...]
    options: tuple[tuple[str, Any], ...]

    def __init__(self, summary: type[Summary], *columns: str, **options: Any) -> None:
        object.__setattr__(self, "summary", summary)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "options", tuple(sorted(options.items())))

    def of(self, frame: pl.DataFrame) -> Summary:
        """The summary of ``frame``."""
        return self.summary.of(frame, *self.columns, **dict(self.options))

    def from_bytes(self, data: bytes) -> Summary:
        return self.summary.from_bytes(data)

    def definition(self) -> dict[str, Any]:
        """As plain values, for a memo's key: the version of the layout is part of it."""
        return {
            "summary": self.summary.name,
            "layout": self.summary.layout,
            "columns": list(self.columns),
            "options": dict(self.options),
        }


def column_of(frame: pl.DataFrame, name: str, step: str) -> pl.Series:
    """One column, its missing values as nulls. Raises ColumnMissing."""
    if name not in frame.columns:
        raise ColumnMissing(name, step, frame.columns)
    series = frame.get_column(name)
    return series.fill_nan(None) if series.dtype.is_float() else series


def numbers_of(frame: pl.DataFrame, name: str, step: str) -> NDArray[np.float64]:
    """The finite numbers of a column as float64, shape (values,): missing and infinite ones are left out.

    Raises WrongType when the column holds no numbers.
    """
    series = column_of(frame, name, step)
    if not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)):
        raise WrongType(name, step, str(series.dtype), "a column of numbers", "use Cast first")
    values = series.drop_nulls().cast(pl.Float64).to_numpy()
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def same(left: Any, right: Any, what: str) -> None:
    """Two summaries add only when both were taken in the same way. Raises Conflict."""
    if left != right:
        raise Conflict(f"{what}: summaries taken with {left!r} and with {right!r} do not add; take both the same way")
