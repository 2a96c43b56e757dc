"""Verbs that need the whole table: join, union, sort, group_by. Their results are written, in a fixed order.

Results are canonical: they depend on the rows and the order of the chunks, not on how many workers ran.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import polars as pl

from instar.base.digests import digest_value
from instar.flow.action import Action
from instar.flow.failures import told_by
from instar.flow.fingerprint import fingerprint
from instar.flow.outcome import Outcome
from instar.flow.rowdigests import ROW
from instar.flow.step import Step
from instar.flow.verbs.rows import texts
from instar.flow.work import Work

How = Literal["inner", "left", "anti"]


class WholeVerb(Action):
    """A verb on whole tables: from its inputs by name to one table."""

    @abstractmethod
    def table(self, given: dict[str, pl.DataFrame]) -> pl.DataFrame:
        """What it makes of its tables."""

    def execute(self, work: Work, step: Step) -> Outcome:
        given = {each.name: work.frame(each) for each in step.inputs}
        with told_by(step.label):
            made = self.table(given)
        return work.write_table(made)


@dataclass(frozen=True)
class Join(WholeVerb):
    """Rows of two tables with equal keys, sorted by them. Equal names get the right table's name as prefix."""

    on: tuple[str, ...]
    how: How
    renamed: tuple[tuple[str, str], ...]  # columns of the right table: their names there, and here
    name: ClassVar[str] = "join"

    def parameters(self) -> dict[str, Any]:
        return {"on": list(self.on), "how": self.how, "renamed": dict(self.renamed)}

    def table(self, given: dict[str, pl.DataFrame]) -> pl.DataFrame:
        """A row keeps the digest it got in the left table."""
        right = given["right"].drop(ROW, strict=False).rename(dict(self.renamed))
        joined = given["left"].join(right, on=self.on, how=self.how, maintain_order="left_right")
        return joined.sort(self.on, maintain_order=True)


@dataclass(frozen=True)
class Union(WholeVerb):
    """The rows of the tables one after another."""

    name: ClassVar[str] = "union"

    def table(self, given: dict[str, pl.DataFrame]) -> pl.DataFrame:
        carried = all(ROW in frame.columns for frame in given.values())
        frames = [frame if carried else frame.drop(ROW, strict=False) for frame in given.values()]
        return pl.concat([frame.select(frames[0].columns) for frame in frames])


@dataclass(frozen=True)
class Sort(WholeVerb):
    """Rows by these columns; rows with equal ones keep their order."""

    by: tuple[str, ...]
    descending: bool
    name: ClassVar[str] = "sort"

    def parameters(self) -> dict[str, Any]:
        return {"by": list(self.by), "descending": self.descending}

    def table(self, given: dict[str, pl.DataFrame]) -> pl.DataFrame:
        return given["table"].sort(self.by, descending=self.descending, nulls_last=True, maintain_order=True)


@dataclass(frozen=True)
class GroupBy(WholeVerb):
    """One row a group, sorted by its key. It computes values across rows, so the leak check asks what it read."""

    by: tuple[str, ...]
    aggregates: tuple[pl.Expr, ...]
    name: ClassVar[str] = "group_by"

    def parameters(self) -> dict[str, Any]:
        return {"by": list(self.by), "aggregates": texts(self.aggregates)}

    def fingerprint(self) -> str | None:
        mine = fingerprint(list(self.aggregates))
        return None if mine is None else digest_value([self.name, list(self.by), mine])

    def table(self, given: dict[str, pl.DataFrame]) -> pl.DataFrame:
        frame = given["table"].drop(ROW, strict=False)
        return frame.group_by(self.by, maintain_order=True).agg(*self.aggregates).sort(self.by, maintain_order=True)
