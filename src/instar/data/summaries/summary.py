"""What a summary is: a mergeable statement about the rows of some columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
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
