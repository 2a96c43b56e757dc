"""Tables that a rule or a step names as its reference, as inputs of the graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol, TypeVar

from instar.base.errors import BadInput
from instar.data.rules.rule import Rule
from instar.flow.step import Step
from instar.flow.verbs.ends import Source


class Named(Protocol):
    """A table of the graph."""

    @property
    def name(self) -> str: ...
    @property
    def step(self) -> Step: ...


T = TypeVar("T", bound=Named)


def named(rules: Sequence[Rule], tables: type[T]) -> tuple[tuple[Rule, ...], dict[str, T]]:
    """The rules with each reference by name, and the tables by these names."""
    found: dict[str, T] = {}
    made = []
    for rule in rules:
        table = getattr(rule, "table", "")
        if table and not isinstance(table, tables):
            raise BadInput(
                f"{rule.label}: table={table!r} is no table of this dataflow; give one, such as flow.source(…)"
            )
        made.append(dataclasses.replace(rule, table=_name(table, found)) if table else rule)  # type: ignore[call-arg]
    return tuple(made), found


def origin_of(table: Named) -> str:
    """What a row number of this table counts in: the dataset version when it is one, else the table's name."""
    verb = table.step.verb
    return str(verb.version) if isinstance(verb, Source) else table.name


def _name(table: T, found: dict[str, T]) -> str:
    """The table's name, with a number where another table has it."""
    name, number = table.name or "reference", 1
    while found.get(name, table) is not table or name == "table":
        number += 1
        name = f"{table.name}{number}"
    found[name] = table
    return name
