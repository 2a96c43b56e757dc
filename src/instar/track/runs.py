"""Reading runs back: parameters, last metrics, histories, artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from instar.base.errors import BadInput, NotFound
from instar.base.settings import project_setting
from instar.store.find.query import Query, Term, parse
from instar.store.records import File, Label, Metric, Node
from instar.track.presence import is_ours, lives
from instar.track.sweep import sweep

if TYPE_CHECKING:
    from instar.store.store import Store

DIED = "its process ended without closing the run"


class TrackedRun(msgspec.Struct, frozen=True):
    """A run as it is recorded.

    params : as text;  metrics : the last value of each;  started, ended : microseconds since 1970
    status : "running", "finished" or "failed";  error : why it failed;  parent : the run it lies inside
    """

    id: str
    name: str
    project: str
    experiment: str
    status: str
    started: int
    ended: int | None
    by: str
    params: dict[str, str]
    metrics: dict[str, float]
    artifacts: dict[str, File]
    parent: str | None
    error: str
    labels: dict[str, str]
    store: Store

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.ended is None else (self.ended - self.started) / 1e6

    def history(self, key: str) -> list[Metric]:
        """Every point of one metric, by step. Raises NotFound when the run has no such metric."""
        if not (points := self.store.metrics.history(self.id, key)):
            raise NotFound(f"metric of run {self.name!r}", key, self.metrics)
        return points

    def read(self, artifact: str) -> bytes:
        """The bytes of an artifact. Raises NotFound when the run has none of this name."""
        if artifact not in self.artifacts:
            raise NotFound(f"artifact of run {self.name!r}", artifact, self.artifacts)
        return self.store.blobs.read(self.artifacts[artifact].digest)


def runs(
    query: str = "",
    *,
    experiment: str | None = None,
    status: str | None = None,
    limit: int = 100,
    store: Store | None = None,
    project: str | None = None,
) -> list[TrackedRun]:
    """The runs of a project for which ``query`` holds (the words of ``instar find``), newest first unless it has an order.

    ``instar.runs("metric.loss<0.3 param.lr=0.1", experiment="films")``
    """
    from instar.store import open_store

    store = store or open_store()
    sweep(store)
    asked = parse(query, limit)
    terms = [Term("kind", "run"), Term("project", project_setting(project))]
    terms += [Term("status", status)] if status is not None else []
    terms += [Term("experiment", experiment)] if experiment is not None else []
    nodes = store.nodes.find(msgspec.structs.replace(asked, terms=(*terms, *asked.terms)))
    return _read(store, nodes)


def get_run(what: str, store: Store | None = None, project: str | None = None) -> TrackedRun:
    """The newest run of this name in the project, else the run with this id or beginning of one.

    Raises NotFound, and BadInput for the id of something else.
    """
    from instar.store import open_store

    store = store or open_store()
    sweep(store)
    terms = (Term("kind", "run"), Term("project", project_setting(project)), Term("name", what))
    nodes = store.nodes.find(Query(terms, 1)) or store.nodes.get([store.nodes.resolve(what)])
    if nodes[0].kind != "run":
        raise BadInput(f"{what!r} is a {nodes[0].kind.replace('_', ' ')}, not a run; `instar runs list` shows the runs")
    return _read(store, nodes)[0]


def _read(store: Store, nodes: list[Node]) -> list[TrackedRun]:
    """One question per table for all runs together."""
    ids = [node.id for node in nodes]
    labels, metrics = store.labels.of(ids), store.metrics.last(ids)
    params: dict[str, dict[str, str]] = {id: {} for id in ids}
    for param in store.nodes.params(ids):
        params[param.run][param.key] = param.value
    files: dict[str, dict[str, File]] = {id: {} for id in ids}
    for file in store.nodes.files(ids):
        files[file.node][file.path] = file
    parents = {edge.dst: edge.src for edge in store.nodes.edges(ids, "in", "member")}
    found = []
    for node in nodes:
        own = labels[node.id]
        state, ended, error = _status(store, node, own)
        found.append(
            TrackedRun(
                id=node.id,
                name=node.name,
                project=node.project,
                experiment=own["experiment"].value if "experiment" in own else "",
                status=state,
                started=node.created_at or 0,
                ended=ended,
                by=node.created_by,
                params=params[node.id],
                metrics={key: point.value for key, point in metrics[node.id].items()},
                artifacts=files[node.id],
                parent=parents.get(node.id),
                error=error,
                labels={key: label.value for key, label in own.items()},
                store=store,
            )
        )
    return found


def _status(store: Store, node: Node, labels: dict[str, Label]) -> tuple[str, int | None, str]:
    """(status, end, error); a run without an end lives only as long as its process.

    Whether a process of another machine, or of another store on this one, still lives is not for us to say.
    """
    label = labels.get("status")
    if label is not None and label.value != "running":
        return label.value, label.at, labels["error"].value if "error" in labels else ""
    doc = node.doc
    if not is_ours(store.folder, str(doc.get("host", "")), str(doc.get("folder", ""))):
        return "running", None, ""
    if lives(store.folder, str(doc.get("process", ""))):
        return "running", None, ""
    return "failed", label.at if label else node.created_at, DIED
