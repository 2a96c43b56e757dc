"""What a run of a dataflow gave, by the names it was wanted under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from instar.data.datasets.dataset import dataset
from instar.data.preparing.preparation import Preparation as FittedPreparation
from instar.flow import table as handles
from instar.flow.executor import Counts, Executor, reads
from instar.flow.step import Step
from instar.flow.work import Work
from instar.models.evaluate import Report
from instar.models.model import Model


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """Values by name: a model, a report, a fitted preparation, a dataset version, or a table as a Polars frame.

    run : id of the tracked run;  counts : what was done and what was known already
    activities : the id of the activity behind each name
    """

    values_by_name: dict[str, Any]
    run: str
    counts: Counts
    activities: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def __repr__(self) -> str:
        return f"Result({', '.join(self.values_by_name)}; run {self.run[:8]})"

    def metrics(self) -> dict[str, float]:
        """The figures of the reports, under their names when there are several."""
        reports = {name: value for name, value in self.items() if isinstance(value, Report)}
        return {
            f"{name}.{key}" if len(reports) > 1 else key: figure
            for name, report in reports.items()
            for key, figure in report.metrics().items()
        }


def collect(want: Mapping[str, handles.Handle], executor: Executor, run: str) -> Result:
    """Read what was wanted from what was done."""
    values = {name: _value(handle, executor) for name, handle in want.items()}
    activities = {name: executor.done[handle.step].activity for name, handle in want.items()}
    return Result(values, run, executor.counts, activities)


def _value(handle: handles.Handle, executor: Executor) -> Any:
    store, done = executor.store, executor.done[handle.step]
    port: Any = done.ports.get(handle.port)
    if isinstance(handle, handles.Model):
        return Model(port["bundle"], port["digest"], done.activity, executor.project, store)
    if isinstance(handle, handles.Report):
        return Report.from_bytes(store.blobs.read(port))
    if isinstance(handle, handles.Preparation):
        return FittedPreparation.from_bytes(store.blobs.read(port))
    if isinstance(handle, handles.Written):
        node = store.nodes.get([port])[0]
        return dataset(node.name, store.nodes.numbers([port])[port], store, node.project)
    reader = Step(handle.step.verb, (handle.as_input("table"),), handle.schema, f"read {handle.step.label}")
    executor.finish(reads(reader))
    work = Work(store, executor.engine, executor.done, reader, executor.memo)
    return work.frame(reader.inputs[0]).select(handle.schema.names)
