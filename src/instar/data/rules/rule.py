"""What a rule of the domain is: which rows break it, the words for that, and what is to be done about them."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Self, TypeVar, get_args

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.base.tables import Table
from instar.data.rows.frames import dtypes_of
from instar.data.rules.expressions import of_form, to_form

Tables = Mapping[str, Callable[[], Iterator[pl.DataFrame]]]
Scalar = bool | int | float | str | date | datetime | None
Row = dict[str, Any]
ACTIONS = ("report", "correct", "quarantine", "stop")
OWN, VALUE, EXPRESSION = "own", "value", "expression"


@dataclass(frozen=True)
class Verdict:
    """What a rule says about the rows of a chunk.

    broken : truth values, one a row;  reasons : why, one for each broken row
    right : where the rule knows it, the value that would keep it, one a row, null where there is none
    """

    broken: pl.Series
    reasons: list[str]
    right: pl.Series | None = None


Judge = Callable[[pl.DataFrame], Verdict]  # called with the chunks of the table in order


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """A frozen dataclass that says what must be true of a row.

    name : in reports, else what the rule says;  action : ``report``, ``correct``, ``quarantine`` or ``stop``; empty: what
    the step says;  correction : how, for ``correct``;  corrects : the column that it changes
    """

    kind: ClassVar[str]
    across_rows: ClassVar[bool] = False
    has_right: ClassVar[bool] = False

    name: str = ""
    action: str = ""
    correction: tuple[str, Any] | None = None
    corrects: str = ""

    @abstractmethod
    def says(self) -> str:
        """The rule in words."""

    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The columns that it looks at."""

    @abstractmethod
    def check(self, schema: Schema, others: Mapping[str, Schema]) -> None:
        """Raises ColumnMissing, WrongType and BadInput when it does not fit the table, before any row is read."""

    @abstractmethod
    def judge(self, learned: pl.DataFrame | None, tables: Tables) -> Judge:
        """What judges the chunks of the table, given in order. learned : of the first pass, by a rule across rows"""

    def bound(self, schema: Schema) -> Self:
        """The rule with what it must know of the columns' units."""
        return self

    # What to do about a row that breaks it

    def report(self) -> Self:
        """Keep such rows, and list them."""
        return dataclasses.replace(self, action="report")

    def quarantine(self) -> Self:
        """Set such rows apart, with the reason."""
        return dataclasses.replace(self, action="quarantine")

    def stop(self) -> Self:
        """Refuse the table: the first such row is an error."""
        return dataclasses.replace(self, action="stop")

    def correct(self, *value: Scalar | pl.Expr, column: str = "") -> Self:
        """Put another value into such rows, and list the cells.

        value : None makes it missing; a plain value; an expression over the same row; nothing at all takes what the rule
        itself knows to be right (the nearest bound, the majority's or the reference's value)
        column : which column is corrected, where the rule looks at several
        """
        if len(value) > 1:
            raise BadInput(f"{self.label}: correct takes one value, given are {len(value)}")
        if not value:
            if not self.has_right:
                raise BadInput(
                    f"{self.label}: it does not know the right value; say one: correct(None) makes it missing"
                )
            how: tuple[str, Any] = (OWN, None)
        elif isinstance(value[0], pl.Expr):
            how = (EXPRESSION, to_form(value[0], self.label))
        else:
            how = (VALUE, _plain(value[0]))
        target = column or self.corrected_column()
        if not target:
            raise BadInput(f"{self.label}: say which column is corrected: correct(…, column={self.reads()[0]!r})")
        return dataclasses.replace(self, action="correct", correction=how, corrects=target)

    def corrected_column(self) -> str:
        """The column that is corrected when none is named; empty: it must be named."""
        columns = self.reads()
        return columns[0] if len(columns) == 1 else ""

    def corrected(self, frame: pl.DataFrame, right: pl.Series | None) -> pl.Series:
        """The values that the corrected column gets, one a row. right : what the rule knows"""
        assert self.correction is not None
        how, value = self.correction
        dtype = frame.schema[self.corrects]
        if how == OWN:
            assert right is not None  # ``correct`` asks for a rule that knows it
            return right.cast(dtype).alias(self.corrects)
        if how == VALUE and isinstance(value, str) and dtype.is_temporal():
            value = datetime.fromisoformat(value)
        new = of_form(value) if how == EXPRESSION else pl.lit(value)
        return frame.select(pl.repeat(None, pl.len()).alias("rows"), new.cast(dtype).alias(self.corrects))[
            self.corrects
        ]

    def check_action(self, schema: Schema) -> None:
        """Raises BadInput when a correction cannot be a value of its column."""
        if self.action not in ("", *ACTIONS):
            raise BadInput(f"{self.label}: unknown action {self.action!r}; use one of {', '.join(ACTIONS)}")
        if self.action != "correct":
            return
        if self.correction is None:
            raise BadInput(f"{self.label}: say how it is corrected, such as .correct(None) for missing")
        field = schema.need(self.corrects, self.label)
        if self.correction[0] == EXPRESSION:
            for column in of_form(self.correction[1]).meta.root_names():
                schema.need(column, self.label)
        row = pl.DataFrame(schema=dtypes_of(schema)).clear(1)
        try:
            self.corrected(row, pl.Series([None]))
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise BadInput(
                f"{self.label}: the correction is no {field.type} for column {self.corrects!r}: {str(error).splitlines()[0]}"
            ) from None

    @property
    def own(self) -> bool:
        """Whether the rule itself knows the correction."""
        return self.correction is not None and self.correction[0] == OWN

    @property
    def label(self) -> str:
        return self.name or self.says()

    def definition(self) -> dict[str, Any]:
        """As plain values: ``{"rule": "between", "column": …}``."""
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"rule": self.kind, **options}


@dataclass(frozen=True, kw_only=True)
class RowRule(Rule):
    """A rule that a row keeps or breaks by itself."""

    @abstractmethod
    def broken(self) -> pl.Expr:
        """Whether a row breaks it; null (something is missing) does not."""

    @abstractmethod
    def words(self, row: Row) -> str:
        """Why, with the values."""

    def right(self) -> pl.Expr | None:
        """The value that would keep it, where it knows one."""
        return None

    def judge(self, learned: pl.DataFrame | None, tables: Tables) -> Judge:
        def look(frame: pl.DataFrame) -> Verdict:
            known = seen(frame, self.reads())
            broken = _truth(known, self.broken())
            found = known.filter(broken).select(self.reads())
            reasons = [self.words(row) for row in found.iter_rows(named=True)]
            right = self.right()
            return Verdict(broken, reasons, None if right is None else known.select(right.alias("right"))["right"])

        return look


@dataclass(frozen=True, kw_only=True)
class AcrossRule(Rule):
    """A rule on rows together: a first pass learns from all chunks, by parts that merge."""

    across_rows: ClassVar[bool] = True

    @property
    def learns(self) -> bool:
        """Whether it asks for the first pass."""
        return True

    def part(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What is learned of a chunk."""
        raise AssertionError(f"{self.label} learns nothing")

    def merged(self, parts: pl.DataFrame) -> pl.DataFrame:
        """Parts, one below the other, as one."""
        return parts


RULES: Table[type[Rule]] = Table("rule", "instar.rules")
R = TypeVar("R", bound=type[Rule])


def rule(kind: str) -> Callable[[R], R]:
    """Enter a rule in the table under ``kind``."""

    def enter(cls: R) -> R:
        cls.kind = kind
        RULES.add(kind, cls)
        return cls

    return enter


def rule_from(definition: Mapping[str, Any]) -> Rule:
    """The rule that ``definition()`` wrote, lists for tuples."""
    options = {name: _tuples(value) for name, value in definition.items()}
    return RULES[options.pop("rule")](**options)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """A value that JSON holds; a date is its ISO text, which a cast reads."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, get_args(Scalar)):
        raise BadInput(f"a correction is a plain value or an expression, not {value!r}")
    return value


def _truth(frame: pl.DataFrame, broken: pl.Expr) -> pl.Series:
    whole = frame.select(pl.repeat(False, pl.len()).alias("rows"), broken.fill_null(False).alias("broken"))
    return whole["broken"]


def seen(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The frame as a rule sees it: NaN is a missing value."""
    floats = [name for name in dict.fromkeys(columns) if frame.schema[name].is_float()]
    return frame.with_columns(pl.col(floats).fill_nan(None)) if floats else frame
