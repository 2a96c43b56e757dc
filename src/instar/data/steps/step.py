"""What a table step is: from tables, read chunk by chunk in their order, to tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Self, TypeVar

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.base.tables import Table
from instar.data.rows.frames import schema_of

Rows = Callable[[], Iterator[pl.DataFrame]]  # a table: its chunks in order, as often as it is asked
Made = Iterator[dict[str, pl.DataFrame]]  # pieces of the tables that a step gives, by port
Told = dict[str, Any]  # what a step says about its work, as plain values for the record


class TableStep(ABC):
    """A frozen dataclass that says what it does to a table, the same for every chunking of it.

    ports : the tables that it gives;  others : the names of the tables that it reads beside ``table``
    across_rows : whether a value or a row's fate depends on other rows: then the leak check asks what it read
    A new version of a step is one that gives another result for the same table.

    Columns whose names begin with ``__`` travel hidden with the rows that are kept: a step that keeps a row keeps them,
    and a step that makes rows of its own leaves them out.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    ports: ClassVar[tuple[str, ...]] = ("out",)
    others: ClassVar[tuple[str, ...]] = ()
    across_rows: ClassVar[bool] = True

    @abstractmethod
    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        """The schema of each port. Raises ColumnMissing, WrongType and BadInput, before any row is read."""

    def bound(self, schema: Schema) -> Self:
        """The step with what it must know of the columns' units; ``over`` sees values only."""
        return self

    @abstractmethod
    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        """Pieces of each port's table, in order. Memory is bounded by a chunk and what the step must remember.

        tables : ``table`` and the others, by name;  told : is filled with counts and the like (by the end)
        """

    def definition(self) -> dict[str, Any]:
        """As plain values: ``{"step": name, "version": 1, option: value, ...}``."""
        options = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {"step": self.name, "version": self.version, **options}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """The step from the options of its definition, as JSON gives them back: lists for tuples."""
        return cls(**options)

    def _keep(self, **options: Any) -> None:
        """Set checked options: called once, in ``__init__``, since the step is frozen after it."""
        for name, value in options.items():
            object.__setattr__(self, name, value)


STEPS: Table[type[TableStep]] = Table("table step", "instar.steps")
T = TypeVar("T", bound=type[TableStep])


def table_step(name: str, version: int = 1) -> Callable[[T], T]:
    """Enter a step in the table under ``name``."""

    def enter(cls: T) -> T:
        cls.name, cls.version = name, version
        STEPS.add(name, cls)
        return cls

    return enter


def step_from(definition: Mapping[str, Any]) -> TableStep:
    """The step that ``definition()`` wrote. Raises NotFound when no package here has it, and BadInput."""
    options = dict(definition)
    cls = STEPS[options.pop("step")]
    version = options.pop("version")
    if version != cls.version:
        raise BadInput(
            f"table step {cls.name!r}: its definition has version {version}, here is version {cls.version}; "
            "install the version of Instar (or of the plug-in) that wrote it"
        )
    return cls.from_options(options)


def take(
    step: TableStep, *chunks: pl.DataFrame, told: Told | None = None, **others: list[pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Run a step over chunks in memory: the whole table of each port.

    Raises BadInput, ColumnMissing or WrongType before any row is read, as a dataflow does.
    """
    if lacking := next((name for name in step.others if name not in others), ""):
        raise BadInput(f"{step.name}: it reads a table {lacking!r}, too; give its chunks: take(…, {lacking}=[frame])")
    if chunks and all(others.values()):
        known = {name: _schema(frames[0]) for name, frames in others.items()}
        step.output(_schema(chunks[0]), **known)
    tables: dict[str, Rows] = {"table": lambda: iter(chunks)}
    tables |= {name: (lambda frames=frames: iter(frames)) for name, frames in others.items()}  # type: ignore[misc]
    pieces: dict[str, list[pl.DataFrame]] = {port: [] for port in step.ports}
    for made in step.over(tables, {} if told is None else told):
        for port, frame in made.items():
            pieces[port].append(frame)
    return {port: pl.concat(frames) if frames else pl.DataFrame() for port, frames in pieces.items()}


def _schema(frame: pl.DataFrame) -> Schema:
    return schema_of(dict(frame.select(name for name in frame.columns if not name.startswith("__")).schema))
