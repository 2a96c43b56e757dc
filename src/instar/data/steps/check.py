"""Rules of the domain over a table: what breaks one is listed, corrected, set apart, or refused; nothing goes silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.rules.piece import CORRECTIONS, VIOLATIONS, Piece, set_apart_fields
from instar.data.rules.rule import ACTIONS, AcrossRule, Judge, Rule, rule_from
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step


@table_step("check")
@dataclass(frozen=True, init=False)
class Check(TableStep):
    """Ask rules of the domain of every row.

    rules : in order. A rule sees a row as the rules before it corrected it; what a rule across rows learns (which key
    occurs twice, which value is the commonest) it learns from the table as it came, in one pass before.
    on_violation : what is done about a row that breaks a rule which does not say itself: ``report``, ``correct`` (by what
    the rule knows to be right), ``quarantine`` or ``stop``;  origin : the table's name, for the lists

    out : the rows that are kept, corrected
    quarantine : the rows set apart, as they came, with ``rule`` and ``reason`` (joined by ``; `` where several apply),
    ``origin`` and ``row``: the number of the row in the table, from 0. Where the table has such a column, the added one is
    called ``quarantine.row`` and so on.
    corrections : the cells that were changed: ``row, column, before, after, rule, origin``
    violations : every row and rule that it breaks: ``row, rule, reason, done, origin``

    A correction that breaks the rule itself (or a rule that knows no right value for the row) sets the row apart. Memory:
    a chunk, and what the rules say. told : ``checked`` and ``quarantined`` (rows), ``broken`` (by rule: rows, and what was
    done with them)

    >>> from instar.data.rules import Between, OneOf
    >>> from instar.data.steps.step import take
    >>> films = pl.DataFrame({"Runtime": [90, 9000, 100], "Rated": ["PG", "PG", "pg"]})
    >>> made = take(Check(Between("Runtime", 1, 600), OneOf("Rated", ("G", "PG")).correct(None)), films)
    >>> made["out"].rows(), made["quarantine"]["row", "reason"].rows()
    ([(90, 'PG'), (100, None)], [(1, 'Runtime is 9000, it must be between 1 and 600')])
    """

    ports = ("out", "quarantine", "corrections", "violations")
    rules: tuple[Rule, ...] = ()
    on_violation: str = "quarantine"
    origin: str = ""

    def __init__(self, *rules: Rule, on_violation: str = "quarantine", origin: str = "") -> None:
        if on_violation not in ACTIONS:
            raise BadInput(f"Check: on_violation={on_violation!r} is unknown; use one of {', '.join(ACTIONS)}")
        if not rules:
            raise BadInput('Check: no rule is given; give one such as Between("Runtime", 1, 600)')
        for rule in rules:
            if not isinstance(rule, Rule):
                raise BadInput(f"Check: {rule!r} is no rule; give one such as Present({str(rule)!r})")
        settled = tuple(rule if rule.action else _settled(rule, on_violation) for rule in rules)
        labels = [rule.label for rule in settled]
        if twice := next((label for label in labels if labels.count(label) > 1), ""):
            raise BadInput(f"Check: two rules are called {twice!r}; give one of them another name=")
        self._keep(rules=settled, on_violation=on_violation, origin=origin)

    @property
    def others(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(dict.fromkeys(name for rule in self.rules if (name := getattr(rule, "table", ""))))

    @property
    def across_rows(self) -> bool:  # type: ignore[override]
        return any(rule.across_rows for rule in self.rules)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        for rule in self.rules:
            rule.check(schema, others)
            rule.check_action(schema)
        return {
            "out": schema,
            "quarantine": Schema(schema.fields + set_apart_fields(schema.names)),
            "corrections": CORRECTIONS,
            "violations": VIOLATIONS,
        }

    def bound(self, schema: Schema) -> Self:
        return self._with(tuple(rule.bound(schema) for rule in self.rules))

    def definition(self) -> dict[str, Any]:
        return super().definition() | {"rules": [rule.definition() for rule in self.rules]}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        return cls(*map(rule_from, options.pop("rules")), **options)

    def _with(self, rules: Sequence[Rule]) -> Self:
        return type(self)(*rules, on_violation=self.on_violation, origin=self.origin)

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        judges = _judges(self.rules, tables)
        told |= {"checked": 0, "quarantined": 0, "broken": {rule.label: {"rows": 0} for rule in self.rules}}
        for frame in tables["table"]():
            piece = Piece(frame, told["checked"], self.origin)
            for rule, judge in judges:
                piece.ask(rule, judge)
            piece.refuse()
            yield piece.made(told)


def _settled(rule: Rule, action: str) -> Rule:
    return rule.correct() if action == "correct" else replace(rule, action=action)


def _judges(rules: Sequence[Rule], tables: Mapping[str, Rows]) -> list[tuple[Rule, Judge]]:
    """Each rule and what judges by it, after one pass for all rules that ask for one."""
    learners = [rule for rule in rules if isinstance(rule, AcrossRule) and rule.learns]
    parts: dict[AcrossRule, list[pl.DataFrame]] = {rule: [] for rule in learners}
    for frame in tables["table"]() if learners else ():
        for rule, found in parts.items():
            found.append(rule.part(frame))
            # What is known is gone through only when as much is new: a merge costs as much as all that it merges.
            if sum(part.height for part in found[1:]) > found[0].height:
                found[:] = [rule.merged(pl.concat(found))]
    learned: dict[Rule, pl.DataFrame] = {rule: rule.merged(pl.concat(found)) for rule, found in parts.items() if found}
    return [(rule, rule.judge(learned.get(rule), tables)) for rule in rules if rule not in learners or rule in learned]
