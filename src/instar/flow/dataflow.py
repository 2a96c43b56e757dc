"""A dataflow: sources, the graph that grows from them, and running it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from instar.base.errors import BadInput
from instar.base.names import check_name
from instar.base.settings import project_setting
from instar.data.datasets.dataset import DatasetVersion
from instar.data.datasets.dataset import dataset as find_dataset
from instar.flow.engines import ENGINES, Progress
from instar.flow.executor import Executor
from instar.flow.progress import shown
from instar.flow.result import Result, collect
from instar.flow.step import OUT, Graph, Step
from instar.flow.table import Handle, Table
from instar.flow.verbs.ends import Source
from instar.flow.verbs.learn import Train
from instar.store.records import Edge, Record
from instar.track import run as track_run

if TYPE_CHECKING:
    from instar.store import Store
    from instar.track import Run


class Dataflow(Graph):
    """A graph of activities on tables. Building it checks it; ``run`` executes it and records everything.

    name : of the runs it makes;  store, project : as everywhere, else found by the environment
    """

    def __init__(self, name: str, store: Store | None = None, project: str | None = None) -> None:
        from instar.store import open_store

        check_name("dataflow", name)
        self.name = name
        self.store = store or open_store()
        self.project = project_setting(project)

    def source(self, name: str, dataset: DatasetVersion | str) -> Table:
        """A dataset version as a table of the graph, under ``name``. A text names a dataset's newest version."""
        version = find_dataset(dataset, store=self.store, project=self.project) if isinstance(dataset, str) else dataset
        return Table(self, Step(Source(version), (), version.schema, name), OUT, name)

    def run(
        self,
        want: Mapping[str, Handle],
        engine: str = "local",
        name: str | None = None,
        memo: bool = True,
        progress: Progress | None = None,
    ) -> Result:
        """Make what is wanted, by name; steps that were done before with the same inputs are not done again.

        name : of the tracked run, else the dataflow's.  memo=False does everything again
        progress : called with (step, tasks done, tasks in all); without it a bar is shown in a terminal

        The run has the parameters of the models it trains and the metrics of the evaluations it makes.
        """
        self._check(want)
        with track_run(name or self.name, experiment=self.name, store=self.store, project=self.project) as run:
            self._log_parameters(run, want)
            with shown(progress) as report:
                executor = Executor(self.store, ENGINES[engine](report), self.project, memo, report)
                executor.finish(handle.step for handle in want.values())
            self._link(run, want, executor)
            result = collect(want, executor, run.id)
            for key, value in result.metrics().items():
                run.log_metrics({key: value}, step=0)
        return result

    def _check(self, want: Mapping[str, Handle]) -> None:
        if not want:
            raise BadInput('run: nothing is wanted; name at least one thing, such as run(want={"model": model})')
        if not isinstance(want, Mapping):
            raise BadInput(
                f'run: want is a {type(want).__name__}; name what is wanted, such as want={{"model": model}}'
            )
        for name, handle in want.items():
            if not isinstance(handle, Handle):
                raise BadInput(
                    f"run: want[{name!r}] is a {type(handle).__name__}; give a table, model, report … of this flow"
                )
            if handle.flow is not self:
                raise BadInput(f"run: want[{name!r}] belongs to another dataflow; run that one")

    def _log_parameters(self, run: Run, want: Mapping[str, Handle]) -> None:
        """Of every model on the way, under its own name when there are several."""
        trained = {
            step: name
            for name, handle in want.items()
            for step in handle.step.lineage()
            if isinstance(step.verb, Train)
        }
        for step, name in trained.items():
            prefix = f"{name}." if len(trained) > 1 else ""
            parameters: dict[str, Any] = step.verb.parameters()
            run.log({f"{prefix}learner": parameters["learner"]})
            run.log({f"{prefix}{key}": value for key, value in parameters["parameters"].items()})

    def _link(self, run: Run, want: Mapping[str, Handle], executor: Executor) -> None:
        """The run is informed by the activities, also by old ones that the memo found."""
        edges = [Edge(run.id, "informed", executor.done[handle.step].activity, name) for name, handle in want.items()]
        run.flush()
        self.store.nodes.put([Record(edges=tuple(edges))])
