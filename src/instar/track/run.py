"""A run: one tracked execution.

with instar.run("baseline") as run:
    run.log(lr=0.1)
    run.log_metrics(loss=0.7, step=0)
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar, Token
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, runtime_checkable

from instar.base import clock
from instar.base.errors import BadInput, Conflict, NotFound
from instar.base.ids import event_id
from instar.base.names import check_name
from instar.base.settings import author_setting, project_setting
from instar.store.keeping.tombstones import refuse_erased
from instar.store.records import Edge, File, Label, Node, Record
from instar.track.recorder import Recorder, recorder
from instar.track.values import as_measure, as_step, check_key, check_text, escaped, param, without_password

if TYPE_CHECKING:
    from instar.store.store import Store

PARENT = "INSTAR_PARENT_RUN"  # set for a command that ``instar run`` starts, so that its runs lie inside that one
_current: ContextVar[Run | None] = ContextVar("instar_run", default=None)


class RunEnded(BadInput):
    """A run was used before it started, after it ended, or in another process than its own."""


@runtime_checkable
class Recorded(Protocol):
    """Anything with an id in the store: a dataset version, a model version, another run."""

    @property
    def id(self) -> str: ...


class Run:
    """One execution under way. Made by ``instar.run``; used as a context manager, or with ``start`` and ``end``.

    What is logged is durable when ``flush``, ``end`` or the ``with`` block returns, and at the latest after about a
    second. May be used from several threads.

    id : of its node;  status : "new", "running", "finished" or "failed"
    """

    def __init__(self, name: str, experiment: str | None, store: Store | None, project: str | None) -> None:
        check_name("run", name)
        check_text(f"run {name!r}", "its name", name)
        check_text(f"run {name!r}", "its experiment", experiment or "")
        self.name = name
        self.experiment = experiment
        self.project = project_setting(project)
        self.id = event_id()
        self.status = "new"
        self._given_store = store
        self._recorder: Recorder | None = None
        self._parent: Run | None = None
        self._saying = f"run {name!r}"  # how errors name it
        self._params: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._next_step: dict[str, int] = {}
        self._token: Token[Run | None] | None = None

    @property
    def store(self) -> Store:
        """Where the run is kept."""
        return self._live().store

    @property
    def parent(self) -> str | None:
        """The id of the run this one lies inside."""
        return self._parent.id if self._parent else os.environ.get(PARENT) or None

    def start(self) -> Run:
        """Begin; ``with`` does it by itself."""
        if self.status != "new":
            raise RunEnded(f"run {self.name!r} has started already; make another one with instar.run({self.name!r})")
        from instar.store import open_store

        self._parent = current_run()
        self._recorder = recorder(self._given_store or (self._parent.store if self._parent else open_store()))
        self._recorder.begin(self.id, self._record(self._recorder))
        self.status = "running"
        if self.experiment:
            self._recorder.label(Label(self.id, "experiment", self.experiment))
        return self

    def _record(self, to: Recorder) -> Record:
        doc: dict[str, Any] = {
            "process": to.presence.name,
            "host": to.presence.host,
            "folder": to.presence.folder,
            "pid": to.pid,
            "arguments": [without_password(escaped(argument)) for argument in sys.argv[1:]],
        }
        if self.experiment:
            doc["experiment"] = self.experiment
        node = Node(self.id, "run", "", self.project, self.name, clock.now(), author_setting(), doc)
        edges = [Edge(self.id, "used", content.id, content.kind) for content in to.origin.nodes]
        if self._parent is not None or (self.parent and to.store.nodes.has([self.parent])):
            assert self.parent is not None
            edges.append(Edge(self.parent, "member", self.id, "nested"))
        return Record(nodes=(node,), edges=tuple(edges))

    def log(self, parameters: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Record parameters. The same value again is no change; another one raises Conflict.

        ``run.log(lr=0.1)`` or, for names that are no words of Python, ``run.log({"model.lr": 0.1})``.
        """
        live = self._live()
        given = {**(parameters or {}), **more}
        for key in given:
            check_key(self._saying, "parameter", key)
        params = [param(self.id, key, value) for key, value in given.items()]
        for each in params:
            check_text(self._saying, f"parameter {each.key!r}", each.value)
            if (known := self._params.get(each.key, each.value)) != each.value:
                raise Conflict(
                    f"run {self.name!r}: parameter {each.key!r} is {known!r} already and cannot become "
                    f"{each.value!r}; log it under another name, or start another run"
                )
        fresh = tuple(each for each in params if each.key not in self._params)
        self._params |= {each.key: each.value for each in fresh}
        if fresh:
            live.add(self.id, Record(params=fresh))

    def log_metrics(
        self, metrics: Mapping[str, Any] | None = None, /, *, step: SupportsIndex | None = None, **more: Any
    ) -> None:
        """Record one point of each metric. Without ``step`` each metric counts its own points, from 0.

        ``run.log_metrics(loss=0.7, step=3)`` or ``run.log_metrics({"loss/train": 0.7})``. NaN and infinities are kept.
        Raises BadInput for what is no metric; then no point of the call is kept.
        """
        live = self._live()
        points = []
        for key, value in (more if metrics is None else {**metrics, **more}).items():
            if key not in self._next_step:
                check_key(self._saying, "metric", key)
            measure = value if type(value) is float else as_measure(key, value)
            points.append(
                (key, as_step(self._saying, key, self._next_step.get(key, 0) if step is None else step), measure)
            )
        for key, at_step, measure in points:
            self._next_step[key] = at_step + 1
            live.measure(self.id, key, at_step, measure)

    def log_artifact(self, path: str | Path, name: str | None = None) -> None:
        """Keep a file, or a folder with all its files, under ``name`` (its own name if not given).

        Raises NotFound for a missing path, Conflict when the name holds other bytes already.
        """
        live = self._live()
        path = Path(path)
        if not path.exists():
            raise NotFound(
                "file or folder", str(path), next_step=f"run {self.name!r}: log_artifact was given this path"
            )
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        top = name or path.name
        for file in inside:
            at = top if file == path else f"{top}/{file.relative_to(path).as_posix()}"
            digest, size = live.store.blobs.put_file(file)
            self._keep(live, at, digest, size)

    def log_bytes(self, name: str, data: bytes | str) -> None:
        """Keep bytes, or text, as the artifact ``name``."""
        live = self._live()
        if isinstance(data, str):
            check_text(self._saying, f"artifact {name!r}", data)
        raw = data.encode() if isinstance(data, str) else data
        self._keep(live, name, live.store.blobs.put(raw), len(raw))

    def _keep(self, live: Recorder, name: str, digest: str, size: int) -> None:
        check_text(self._saying, f"the name of artifact {name!r}", name)
        if name.startswith("/") or "\0" in name or ".." in Path(name).parts:
            raise BadInput(f"run {self.name!r}: {name!r} is no name for an artifact; use one like 'plots/roc.svg'")
        if (known := self._files.setdefault(name, digest)) != digest:
            raise Conflict(
                f"run {self.name!r}: artifact {name!r} is kept already with other bytes ({known[:8]}, not {digest[:8]}); "
                "keep it under another name"
            )
        refuse_erased(live.store.nodes, self.project, (), (digest,))
        live.add(self.id, Record(files=(File(self.id, name, digest, size),)))

    def input(self, thing: Recorded | str, role: str = "input") -> None:
        """Record that the run read ``thing``: something with an id, or an id, ``name`` or ``name@number``.

        Raises NotFound when the store does not know it.
        """
        live = self._live()
        check_text(self._saying, "the role of an input", role)
        id = self._id_of(live, thing)
        makers = [getattr(thing, "activity", None)]
        if not isinstance(makers[0], str):  # for a bare id whoever made it: rather one ancestor too many than hidden
            makers = [edge.dst for edge in live.store.nodes.edges([id], "out", "generated")]
        edges = [
            Edge(self.id, "used", id, role),
            *(Edge(self.id, "informed", maker, role) for maker in makers if maker),
        ]
        live.add(self.id, Record(edges=tuple(edges)))

    def output(self, thing: Recorded | str, role: str = "output") -> None:
        """Record that the run made ``thing``. Raises NotFound when the store does not know it."""
        live = self._live()
        check_text(self._saying, "the role of an output", role)
        live.add(self.id, Record(edges=(Edge(self._id_of(live, thing), "generated", self.id, role),)))

    def label(self, key: str, value: str) -> None:
        """Say something about the run that may change later, such as ``run.label("note", "first try")``."""
        live = self._live()
        check_key(self._saying, "label", key)
        check_text(self._saying, f"label {key!r}", value)
        if "\0" in value:
            raise BadInput(f"run {self.name!r}: label {key!r} has a NUL character; nothing was logged. Take it out")
        live.label(Label(self.id, key, value))

    def flush(self) -> None:
        """Everything logged before is durable on return."""
        self._live().flush(self.id)

    def end(self, error: str | None = None) -> None:
        """Finish, or fail with ``error``; durable on return. ``with`` does it by itself."""
        live = self._live()
        self.status = "failed" if error is not None else "finished"
        live.end(self.id, self.status, [Label(self.id, "error", escaped(error))] if error is not None else [])

    def __enter__(self) -> Run:
        if self.status == "new":
            self.start()
        self._token = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
        if self.status == "running":
            self.end(_words(error))

    def __repr__(self) -> str:
        return f"<run {self.name} {self.id[:8]} {self.status}>"

    def _live(self) -> Recorder:
        """The recorder of a run under way."""
        if self.status == "new" or self._recorder is None:
            raise RunEnded(f"run {self.name!r} has not started; use it as `with instar.run({self.name!r}) as run:`")
        if self.status != "running":
            raise RunEnded(f"run {self.name!r} has ended ({self.status}); start another one to log more")
        if self._recorder.pid != os.getpid():
            raise RunEnded(
                f"run {self.name!r} belongs to process {self._recorder.pid}, and this is its fork {os.getpid()}; "
                "return the figures to the parent and log them there, or start a run here"
            )
        return self._recorder

    def _id_of(self, live: Recorder, thing: Recorded | str) -> str:
        if isinstance(thing, str):
            return live.store.nodes.resolve(thing, self.project)
        if not isinstance(thing, Recorded):
            raise BadInput(
                f"run {self.name!r}: a {type(thing).__name__} is not recorded anywhere; give something with an id: "
                "a version from instar.import_data, instar.dataset or publish"
            )
        live.store.nodes.get([thing.id])
        return thing.id


def run(name: str, experiment: str | None = None, store: Store | None = None, project: str | None = None) -> Run:
    """Track an execution; the run starts with the ``with`` block and ends with it.

    A block that raises makes the run ``failed``, with the error, and the exception goes on; so does a process that
    dies, however it dies. A run inside the block of another is recorded as part of it.
    """
    return Run(name, experiment, store, project)


def current_run() -> Run | None:
    """The run whose ``with`` block this code is in, if any."""
    return _current.get()


def _words(error: BaseException | None) -> str | None:
    """An error as the label that people read; leaving by ``sys.exit(0)`` is none."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return None
    return "".join(traceback.format_exception_only(error)).strip()[:2000]
