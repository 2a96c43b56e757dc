"""Executing a graph: each step once, those that are known not at all, and every activity recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from instar.base import clock
from instar.base.digests import digest_value
from instar.base.settings import author_setting
from instar.flow.action import Action
from instar.flow.fingerprint import libraries, plain
from instar.flow.outcome import Done, Outcome
from instar.flow.pipeline import Pipeline
from instar.flow.step import RowVerb, Step
from instar.flow.work import Work, quiet
from instar.store.keeping.tombstones import refuse_record
from instar.store.records import Edge, File, Node, Record
from instar.track.code import code
from instar.track.environment import environment

if TYPE_CHECKING:
    from instar.flow.engines import Engine, Progress
    from instar.store import Store

_decoder = msgspec.json.Decoder(Done)


@dataclass
class Counts:
    """What an execution did: steps and chunk tasks that ran, and that were known already."""

    steps_ran: int = 0
    steps_known: int = 0
    tasks_ran: int = 0
    tasks_known: int = 0


@dataclass
class Executor:
    """Executes steps on an engine.

    memo : whether what was done before is used;  progress : is told how far a step has read its tables
    """

    store: Store
    engine: Engine
    project: str
    memo: bool = True
    progress: Progress = quiet
    counts: Counts = field(default_factory=Counts)
    done: dict[Step, Done] = field(default_factory=dict)
    _keys: dict[Step, str | None] = field(default_factory=dict)

    def finish(self, wanted: Iterable[Step]) -> None:
        """Bring each wanted step to its end. A known one needs nothing of what is before it."""
        for step in wanted:
            self._finish(step)

    def _finish(self, wanted: Step) -> None:
        """Depth first, without recursion: a graph may be deep."""
        stack = [wanted]
        while stack:
            step = stack[-1]
            if step in self.done or self._is_known(step):
                stack.pop()
                continue
            waiting = [each for each in reads(step) if each not in self.done]
            if waiting:
                stack += reversed(waiting)
            else:
                stack.pop()
                self._execute(step)

    def _memo_key(self, step: Step) -> str | None:
        key = step.key(self._keys)
        return None if key is None else digest_value(["step", self.project, key, libraries()])

    def _is_known(self, step: Step) -> bool:
        """Whether the step was done before, and what it made is still here."""
        key = self._memo_key(step)
        if not self.memo or key is None or (entry := self.store.memo.get([key]).get(key)) is None:
            return False
        done = _decoder.decode(entry)
        made = [done.activity, *done.made.values()]
        if self.store.nodes.has(made) != set(made):
            return False
        if not self._is_told_by_edges(done):
            return False
        self.done[step] = done
        self.counts.steps_known += 1
        return True

    def _is_told_by_edges(self, done: Done) -> bool:
        """A memo is a hint of whoever may write here; that the activity made this is on record, or the step is done anew."""
        made = set(done.made.values())
        edges = self.store.nodes.edges(sorted(made), "out", "generated") if made else []
        return made == {edge.src for edge in edges if edge.dst == done.activity}

    def _execute(self, step: Step) -> None:
        work = Work(self.store, self.engine, self.done, step, self.memo, self.progress)
        started = clock.now()
        outcome = step.verb.execute(work, step) if isinstance(step.verb, Action) else Outcome()
        record = self._record(step, work, outcome, started)
        refuse_record(self.store.nodes, self.project, record)
        self.store.nodes.put([record])
        self.done[step] = Done(
            work.activity,
            outcome.ports,
            {port: node.id for port, node in outcome.made.items()},
            {name: digest for name, (digest, _) in outcome.files.items()},
        )
        if (key := self._memo_key(step)) is not None:
            self.store.memo.put({key: msgspec.json.encode(self.done[step])})
        self.counts.steps_ran += 1
        self.counts.tasks_ran += work.ran
        self.counts.tasks_known += work.skipped

    def _record(self, step: Step, work: Work, outcome: Outcome, started: int) -> Record:
        """The activity, what it read and made, and the code and environment it ran in."""
        doc: dict[str, Any] = {
            "verb": step.verb.name,
            "step": step.label,
            "parameters": plain(step.verb.parameters()),
            "seconds": round((clock.now() - started) / clock.SECOND, 3),
            **({"python": True} if step.verb.calls_python else {}),
            **outcome.doc,
        }
        activity = Node(work.activity, "activity", "", self.project, step.verb.name, started, author_setting(), doc)
        origin = Record(nodes=(environment(),)) + code().record(self.store.blobs)
        return (
            origin
            + Record(nodes=(activity, *outcome.made.values()))
            + outcome.record
            + Record(
                edges=(*self._read(step, outcome, activity), *_made(outcome, activity), *_origin(origin, activity)),
                files=tuple(File(activity.id, name, *file) for name, file in outcome.files.items()),
            )
        )

    def _read(self, step: Step, outcome: Outcome, activity: Node) -> Iterable[Edge]:
        """Each input: the activity that made it for this one, and the content where it has a node."""
        for each in step.inputs:
            before = self.done[each.step]
            yield Edge(activity.id, "informed", before.activity, each.role)
            if content := before.made.get(each.port):
                yield Edge(activity.id, "used", content, each.name)
        for role, (content, maker) in outcome.used.items():
            yield Edge(activity.id, "used", content, role.partition(":")[0])
            yield Edge(activity.id, "informed", maker, role)


def reads(step: Step) -> Iterator[Step]:
    """The steps that ``step`` reads when it is executed: its inputs, and what a fused row-wise input is made of."""
    for each in step.inputs:
        yield each.step
        if isinstance(each.step.verb, RowVerb):
            pipeline = Pipeline.to(each)
            yield pipeline.base
            yield from (need.step for need in pipeline.needs())


def _made(outcome: Outcome, activity: Node) -> Iterable[Edge]:
    return (Edge(node.id, "generated", activity.id, port) for port, node in outcome.made.items())


def _origin(origin: Record, activity: Node) -> Iterable[Edge]:
    return (Edge(activity.id, "used", node.id, node.kind) for node in origin.nodes)
