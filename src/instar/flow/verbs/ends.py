"""Where a dataflow begins and ends: a dataset version as source, and writing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from instar.data.datasets.dataset import version_record
from instar.flow.action import Action
from instar.flow.outcome import Outcome
from instar.flow.step import Step
from instar.flow.work import Work

if TYPE_CHECKING:
    from instar.data.datasets.dataset import DatasetVersion


@dataclass(frozen=True)
class Source(Action):
    """A dataset version. Its id says its project, name and content, so it is all the fingerprint needs."""

    version: DatasetVersion
    name: ClassVar[str] = "source"

    def parameters(self) -> dict[str, Any]:
        return {"dataset": f"{self.version.name}@{self.version.number}", "id": self.version.id}

    def fingerprint(self) -> str | None:
        return self.version.id

    def execute(self, work: Work, step: Step) -> Outcome:
        return Outcome(
            {"out": self.version.manifest},
            used={"dataset:out": (self.version.id, self.version.activity)},
            doc={"rows": {"out": self.version.rows}},
        )


@dataclass(frozen=True)
class Write(Action):
    """Keep a table as a dataset version. The same rows again give the version that is there."""

    dataset: str
    project: str
    name: ClassVar[str] = "write"

    def parameters(self) -> dict[str, Any]:
        return {"dataset": self.dataset, "project": self.project}

    def execute(self, work: Work, step: Step) -> Outcome:
        table = work.need("table")
        written = work.write_table(work.frame(table).select(table.schema.names))
        version, record = version_record(
            work.store, self.dataset, written.ports["out"], project=self.project, activity=work.activity
        )
        return Outcome({"version": version}, record=record, doc=written.doc)
