"""A dataset through a line of operators and table steps: the dataflow that most preparation needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from instar.base.errors import BadInput
from instar.data.datasets.dataset import DatasetVersion
from instar.data.operators import AnyOperator, Operator
from instar.data.preparing.preparation import Preparation as FittedPreparation
from instar.data.steps import TableStep
from instar.flow.dataflow import Dataflow
from instar.flow.step import OUT
from instar.flow.table import Handle, Preparation, Table

Step = tuple[AnyOperator | TableStep, dict[str, DatasetVersion]]


@dataclass(frozen=True)
class Ready:
    """What a run gave. preparations : fitted, in order;  version : that was written, with the ``others`` of its steps"""

    preparations: tuple[FittedPreparation, ...]
    version: DatasetVersion | None = None
    others: tuple[DatasetVersion, ...] = ()


@dataclass
class Prepared:
    """Operators that stand together are fitted together, on the table as the steps before them left it.

    steps : operators and table steps, each with the tables that it reads beside this one, by name
    fit_on : a dataset to learn from instead; it goes through the same steps
    """

    source: DatasetVersion
    steps: Sequence[Step]
    fit_on: DatasetVersion | None = None
    _fits: list[Preparation] = field(default_factory=list)
    _others: dict[str, Table] = field(default_factory=dict)

    def run(self, name: str | None = None) -> Ready:
        """Fit, and write the result as a version of the dataset ``name``; without one, only fit.

        Raises what the verbs raise: a column or a type that does not fit is an error before any row is read.
        """
        if name in {self.source.name, *([self.fit_on.name] if self.fit_on else [])}:
            raise BadInput(f"the result cannot be a version of {name!r}, which it is made from; give it another name")
        flow = Dataflow(f"prepare {self.source.name}", store=self.source.store, project=self.source.project)
        table = self._build(flow)
        want: dict[str, Handle] = {f"fit {at}": each for at, each in enumerate(self._fits)}
        if name is not None:
            want["version"] = table.write(name)
            want |= {f"other {port}": other.write(f"{name}-{port}") for port, other in self._others.items()}
        result = flow.run(want=want) if want else {}
        return Ready(
            preparations=tuple(result[f"fit {at}"] for at in range(len(self._fits))),
            version=result.get("version"),
            others=tuple(result[f"other {port}"] for port in (self._others if name is not None else ())),
        )

    def _build(self, flow: Dataflow) -> Table:
        """The table after all steps."""
        table = flow.source(self.source.name, self.source)
        learned = flow.source(self.fit_on.name, self.fit_on) if self.fit_on else None
        for operators, group in groupby(self.steps, key=lambda each: isinstance(each[0], Operator)):
            if operators:
                fitted = (learned or table).fit(*(each for each, _ in group if isinstance(each, Operator)))
                self._fits.append(fitted)
                table = table.apply(fitted)
                learned = learned and learned.apply(fitted)
            else:
                for step, tables in group:
                    others = {name: flow.source(name, version) for name, version in tables.items()}
                    table = self._next(table, step, others, keep=True)
                    learned = learned and self._next(learned, step, others, keep=False)
        return table

    def _next(self, table: Table, step: object, others: dict[str, Table], keep: bool) -> Table:
        assert isinstance(step, TableStep)
        first, *rest = table.through_all(step, **others)
        if keep:
            for other in rest:
                self._others[next(_free(other.port or OUT, self._others))] = other
        return first


def _free(name: str, taken: dict[str, Table]) -> Iterator[str]:
    """The name, or with a number when another step has it already."""
    yield from (each for each in [name, *(f"{name}-{at}" for at in range(2, len(taken) + 3))] if each not in taken)
