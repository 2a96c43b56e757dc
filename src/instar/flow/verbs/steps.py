"""A table step as a verb of the graph: chunks in, chunks out, each written as soon as it is full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from instar.base.digests import digest_value
from instar.data.steps.step import Rows, TableStep
from instar.flow.action import Action
from instar.flow.failures import told_by
from instar.flow.fingerprint import plain
from instar.flow.outcome import Outcome
from instar.flow.step import Input, Step
from instar.flow.work import Work


@dataclass(frozen=True)
class Steps(Action):
    """A step of the catalogue of table steps. The verb's name is the step's."""

    step: TableStep

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.step.name

    def parameters(self) -> dict[str, Any]:
        return self.step.definition()

    def fingerprint(self) -> str | None:
        return digest_value([self.name, plain(self.parameters())])

    def execute(self, work: Work, step: Step) -> Outcome:
        told: dict[str, Any] = {}
        tables = {each.name: _rows(work, each) for each in step.inputs}
        with told_by(step.label):
            made = work.write_pieces(self.step.over(tables, told), self.step.ports)
        return made.telling({"told": told, "across_rows": self.step.across_rows})


def _rows(work: Work, table: Input) -> Rows:
    return lambda: work.stream(table)
